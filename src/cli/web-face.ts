import { logFault } from '../../jobs/log-fault.ts';
import { loadDrop } from '../settings/one-drop.ts';
import type { Settings } from '../settings/settings.ts';
import type { WebSettings } from '../web/context.ts';
import { makeMetrics } from '../web/metrics.ts';
import { checkReadiness } from '../web/readiness.ts';
import { startWeb } from '../web/start-web.ts';
import type { Web } from '../web/web.ts';
import { channelsOf } from './channels.ts';
import { baseOf } from './persons.ts';
import { version } from './version.ts';
import type { App } from './wire.ts';

/** What of the settings the web works with. */
const webSettings = (settings: Settings): WebSettings => {
  const { partners, feeds, drops, eventTypes, intakes, web, mail } = settings;
  const { url, proxies, maxUpload } = web;
  const mailing = { relay: mail?.relay, mailDomain: mail?.domain };
  const told = { channels: channelsOf(settings), base: baseOf(settings) };
  return { partners, feeds, drops, eventTypes, intakes, url, proxies, maxUpload, ...mailing, ...told };
};

/** Read anew, for what is in memory holds the secrets themselves; their sources are not looked up. */
const sectionOf = ({ configFolder, dataFolder }: Settings, name: string, now: number) => {
  const found = loadDrop({ configFolder, dataFolder, env: {}, now }, name);
  return found.ok ? found.drop.section : {};
};

/** Opens the web; `settings` are those of the moment, and `awake` says whether the scheduler still wakes up. */
export const openFace = async (
  app: App,
  settings: () => Settings,
  awake: () => boolean,
): Promise<{ web: Web; stop(): void }> => {
  const metrics = makeMetrics(app.store, app.clock);
  const readiness = () => checkReadiness(app.store, app.spool, awake);
  const onError = (error: unknown) => logFault(app.log, error, 'answer', 'a request');
  const { drops: _, ...rest } = app;
  const dropSection = (name: string) => sectionOf(settings(), name, app.clock.now());
  const asked = { settings: () => webSettings(settings()), dropSection, underWay: new Set<string>() };
  const ctx = { ...rest, ...asked, version: version() };
  const web = await startWeb(app.settings.web, ctx, { metrics, readiness }, onError);
  return { web, stop: () => metrics.close() };
};
