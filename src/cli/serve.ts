import type { Log } from '../log.ts';
import { loadSettings } from '../settings/load-settings.ts';
import type { Settings } from '../settings/settings.ts';
import { oneOf, textOption, wrongUse } from './arguments.ts';
import type { Call, CliCommand, Session } from './command.ts';
import { exit } from './exit-code.ts';
import { firstLink } from './first-link.ts';
import { loadSampleOnce } from './first-sample.ts';
import { announce, started } from './serve-text.ts';
import { parts, type Part } from './parts.ts';
import type { Service } from './service.ts';
import { untilToldToStop } from './signals.ts';
import {
  type App,
  makeOwnDrops,
  openApp,
  openLog,
  problemsWithHistory,
  readSettings,
  refuseWrongHistory,
  sourcesOf,
} from './wire.ts';
import { within } from './within.ts';

/** How long closing may take: one who waits for the database's lock must not keep the process beyond its 20 seconds. */
const closeMs = 1000;

/** Only the service needs the listener, the web and the jobs: other commands start in half the time without them. */
const loadService = async () => (await import('./service.ts')).startService;

const chosenParts = (call: Call): readonly Part[] => {
  const only = textOption(call, 'only');
  if (only === undefined) return parts;
  const words = only.split(',').map((word) => word.trim());
  if (words.every((word) => word === '')) throw wrongUse('--only', 'it names no part', `possible: ${parts.join(', ')}`);
  return words.map((word) => oneOf(word, parts, '--only'));
};

/** What a reload cannot change, because it is open. */
const bound = (settings: Settings): string =>
  JSON.stringify([settings.database.url.reveal(), settings.spool.folder, settings.web, settings.mail?.listen]);

const reload = async (session: Session, app: App, service: Service, log: Log): Promise<void> => {
  const loaded = await loadSettings(sourcesOf(session));
  const problems = loaded.ok ? await problemsWithHistory(app.store, loaded.settings) : loaded.problems;
  for (const problem of problems) log.error({ problem }, 'a problem in the configuration');
  if (!loaded.ok || problems.length > 0) {
    log.error({ problems: problems.length }, 'the configuration was not reloaded: the one before stays in force');
    return;
  }
  if (bound(loaded.settings) !== bound(app.settings))
    log.warn('database, spool, web.listen and mail.listen change only with a restart');
  await makeOwnDrops(loaded.settings);
  service.useSettings(loaded.settings);
  log.info({ feeds: loaded.settings.feeds.length }, 'the configuration was reloaded');
};

const seeToMail = ({ mail }: Settings, chosen: readonly Part[]): void => {
  if (chosen.length === 1 && chosen[0] === 'mail' && !mail)
    throw wrongUse('--only mail', 'no mail is taken here', 'write a section mail in nightdrop.yaml');
};

const serveUntilStopped = async (session: Session, app: App, chosen: readonly Part[]): Promise<void> => {
  const { log } = app;
  await refuseWrongHistory(app.store, app.settings);
  const first = app.settings.sample && chosen.includes('schedule') ? await loadSampleOnce(app) : undefined;
  const service = await (await loadService())(app, chosen);
  const told = untilToldToStop(() =>
    reload(session, app, service, log).catch((error: unknown) => log.error({ err: error }, 'the reload failed')),
  );
  const signIn = service.web && (await firstLink(app, service.web, app.settings));
  session.out.answer(started(app.settings, chosen, service, { first, signIn }), announce);
  const signal = await told;
  log.info({ signal }, 'stopping');
  await service.stop();
  log.info('stopped');
};

export const serve: CliCommand = {
  name: 'serve',
  args: [],
  options: [{ flags: '--only <parts>', text: `some of ${parts.join(', ')} (default: all), for several nodes` }],
  summary: 'runs the service: scheduler, deliveries, mail and web',
  details:
    'Runs until SIGTERM or SIGINT, then finishes or safely abandons what is under way, within 20 seconds; a second ' +
    'signal ends it at once. SIGHUP reads the configuration again and keeps the old one if the new one has problems. ' +
    'Several nodes share one PostgreSQL database and one spool folder.',
  examples: [
    ['serve', 'everything, with ./config and ./var'],
    ['serve --only schedule,work', 'a node without web'],
  ],
  run: async (call, session) => {
    const chosen = chosenParts(call);
    const settings = await readSettings(session);
    seeToMail(settings, chosen);
    const app = await openApp(session, settings, openLog(settings));
    try {
      await serveUntilStopped(session, app, chosen);
    } finally {
      await within(closeMs, app.close());
    }
    return exit.done;
  },
};
