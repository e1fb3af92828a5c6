import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { asFault } from '../../fault.ts';
import { openSpool } from '../../store/spool.ts';
import { openStore } from '../../store/open-store.ts';
import type { Store } from '../../store/store.ts';
import { databaseTrouble } from '../../store/trouble.ts';
import { applySubmission } from './apply.ts';
import type { ApplyJob, FromApplyWorker, ToApplyWorker } from './apply-message.ts';

/** Asks the owner for a turn to write: it queues for the thread beside its own writers. */
const makeTurns = (say: (message: FromApplyWorker) => void) => {
  let resolve: (() => void) | undefined;
  return {
    ask: () =>
      new Promise<void>((granted) => {
        resolve = granted;
        say({ kind: 'turn' });
      }),
    mine: () => resolve?.(),
    over: () => say({ kind: 'turn over' }),
  };
};

/** The store of a thread that writes one thing after another. */
const inTurn = (store: Store, turns: ReturnType<typeof makeTurns>): Store => ({
  ...store,
  write: async (work) => {
    await turns.ask();
    try {
      return await store.write(work);
    } finally {
      turns.over();
    }
  },
});

/**
 * A thread with a database connection of its own that applies submissions, so that the listeners stay responsive. A small
 * composition root: it is started by `apply-thread.ts` and talks only to it.
 */
const serve = async (port: MessagePort, { address, spoolFolder, eventType, lease }: ApplyJob): Promise<void> => {
  const say = (message: FromApplyWorker) => port.postMessage(message);
  const turns = makeTurns(say);
  const store = inTurn(await openStore(address.kind === 'sqlite' ? `sqlite:${address.file}` : address.url, '/'), turns);
  const spool = await openSpool(spoolFolder);
  let stopped = false;
  const progress = (lines: number) => say({ kind: 'progress', lines });
  const context = { store, spool, eventType, lease, isStopped: () => stopped, progress };
  const apply = async (id: number): Promise<void> => {
    try {
      say({ kind: 'applied', applied: await applySubmission(context, id) });
    } catch (error) {
      say(failed(error, `submission ${id}`));
    }
  };
  port.on('message', (message: ToApplyWorker) => {
    switch (message.kind) {
      case 'stop':
        return void (stopped = true);
      case 'turn':
        return turns.mine();
      case 'apply':
        return void apply(message.id);
      default:
        return message satisfies never;
    }
  });
  say({ kind: 'ready' });
};

const failed = (error: unknown, what: string): FromApplyWorker => {
  const { operation, object, reason, hint, next, code } = databaseTrouble(error) ?? asFault(error, 'apply', what);
  return { kind: 'failed', fault: { operation, object, reason, hint, next, code } };
};

const port = parentPort;
if (port)
  await serve(port, workerData as ApplyJob).catch((error: unknown) => port.postMessage(failed(error, 'submissions')));
