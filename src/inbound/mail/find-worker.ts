import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { openSpool } from '../../store/spool.ts';
import type { FindJob, FromFindWorker, ToFindWorker } from './find-message.ts';
import { findFiles, messageFault } from './found-files.ts';

/**
 * A thread that takes messages apart, so that a message that takes its reader down takes nothing else along. It is started
 * by `find-thread.ts` and talks only to it.
 */
const serve = (port: MessagePort, { spoolFolder }: FindJob): void => {
  const find = async (raw: string): Promise<FromFindWorker> => {
    try {
      const spool = await openSpool(spoolFolder);
      return { kind: 'found', found: await findFiles(spool, spool.read(raw)) };
    } catch (error) {
      const { operation, object, reason, hint, next, code } = messageFault(error);
      return { kind: 'failed', fault: { operation, object, reason, hint, next, code } };
    }
  };
  port.on('message', ({ raw }: ToFindWorker) => {
    void find(raw).then((answer) => port.postMessage(answer));
  });
  port.postMessage({ kind: 'ready' } satisfies FromFindWorker);
};

if (parentPort) serve(parentPort, workerData as FindJob);
