import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { relative } from 'node:path';
import type { DropSpec } from '../drop/drop.ts';
import { openDrop } from '../drop/open-drop.ts';
import { shownKeysOf } from '../drop/shown-keys.ts';
import { type Log, makeLog, silentLog } from '../log.ts';
import type { DeliveryContext } from '../outbound/delivery/context.ts';
import type { FeedContext } from '../outbound/feed/context.ts';
import { historyProblems, type HistoryProblem } from '../outbound/feed/history.ts';
import { loadSettings, type Sources } from '../settings/load-settings.ts';
import type { Problem } from '../settings/problem.ts';
import type { Settings } from '../settings/settings.ts';
import { openSpool, type Spool } from '../store/spool.ts';
import { openStore } from '../store/open-store.ts';
import type { Store } from '../store/store.ts';
import { makeHolder } from '../work/leases.ts';
import type { Session } from './command.ts';
import { WrongConfiguration } from './edge.ts';

/**
 * Everything a command works with: the composition root puts it together. It is also the context of the feed room and
 * of the delivery room.
 */
export interface App extends FeedContext, DeliveryContext {
  settings: Settings;
  store: Store;
  spool: Spool;
  log: Log;
  /** The keys that a drop's server shows now, without signing in. */
  shownKeys(spec: DropSpec): ReturnType<typeof shownKeysOf>;
  close(): Promise<void>;
}

/** What the configuration is read from. */
export const sourcesOf = ({ configFolder, dataFolder, env, clock }: Session): Sources => ({
  configFolder,
  dataFolder,
  env,
  now: clock.now(),
});

/** The checked configuration. Throws WrongConfiguration with every problem. */
export const readSettings = async (session: Session): Promise<Settings> => {
  const loaded = await loadSettings(sourcesOf(session));
  if (loaded.ok) return loaded.settings;
  throw new WrongConfiguration(loaded.problems, session.configFolder);
};

/** One line per event on stderr, as JSON. */
export const openLog = ({ logLevel }: Settings): Log => makeLog(logLevel ?? 'info', process.stderr);

export const openDatabase = (settings: Settings, session: Session): Promise<Store> =>
  openStore(settings.database.url.reveal(), settings.dataFolder, session.clock);

/** A folder drop inside our own data folder is ours to make; elsewhere a missing folder is a missing mount, and held. */
export const makeOwnDrops = async ({ drops, inboxes, dataFolder }: Settings): Promise<void> => {
  for (const { spec } of [...drops.values(), ...inboxes.values()]) {
    if (spec.kind !== 'folder') continue;
    for (const folder of [spec.folder, spec.partialFolder ?? spec.folder])
      if (!relative(dataFolder, folder).startsWith('..')) await mkdir(folder, { recursive: true });
  }
};

/** Opens what the settings name. The caller closes it in `finally`. */
export const openApp = async (session: Session, settings: Settings, log: Log): Promise<App> => {
  const store = await openDatabase(settings, session);
  try {
    const spool = await openSpool(settings.spool.folder);
    await makeOwnDrops(settings);
    const holder = makeHolder();
    const { clock } = session;
    const delivering = { drops: settings.drops, openDrop, shownKeys: shownKeysOf, random: Math.random };
    return { settings, store, spool, clock, log, holder, ...delivering, close: () => store.close() };
  } catch (error) {
    await store.close();
    throw error;
  }
};

/**
 * A command's frame: settings, app, the work, and everything closed again. A command says in its answer what came of it,
 * so the log stays silent but for `logLevel: debug`.
 */
export const withApp = async <T>(session: Session, work: (app: App) => Promise<T>): Promise<T> => {
  const settings = await readSettings(session);
  const app = await openApp(session, settings, settings.logLevel === 'debug' ? openLog(settings) : silentLog);
  try {
    return await work(app);
  } finally {
    await app.close();
  }
};

const asProblem = (settings: Settings, problem: HistoryProblem): Problem => {
  const owner = settings.feeds.find((feed) => feed.name === problem.feed);
  const { field, value, message, hint } = problem;
  return { file: owner ? `partners/${owner.partner}.yaml` : 'partners/', field, value, message, hint };
};

/** What in the configuration does not fit to what has happened before. */
export const problemsWithHistory = async (store: Store, settings: Settings): Promise<Problem[]> =>
  (await historyProblems(store, settings.feeds)).map((problem) => asProblem(settings, problem));

/** As `problemsWithHistory`, but throws them. */
export const refuseWrongHistory = async (store: Store, settings: Settings): Promise<void> => {
  const problems = await problemsWithHistory(store, settings);
  if (problems.length > 0) throw new WrongConfiguration(problems, settings.configFolder);
};

/** Whether there is a database to compare with; a new file is not made just to look. */
export const hasDatabase = (settings: Settings): boolean => {
  const url = settings.database.url.reveal();
  return !url.startsWith('sqlite:') || existsSync(url.slice('sqlite:'.length));
};
