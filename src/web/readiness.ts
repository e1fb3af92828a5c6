import { setTimeout as pause } from 'node:timers/promises';
import { asFault } from '../fault.ts';
import type { Spool } from '../store/spool.ts';
import type { Store } from '../store/store.ts';

/** One thing that must work before this process is of use. */
export interface Check {
  name: string;
  ok: boolean;
  /** Why not, and what to do. */
  reason?: string;
}

const deadlineMs = 5000;

const tried = async (name: string, work: () => Promise<void>): Promise<Check> => {
  const stop = new AbortController();
  const late = pause(deadlineMs, undefined, { signal: stop.signal }).then(() => {
    throw new Error(`no answer within ${deadlineMs / 1000} s`);
  });
  try {
    await Promise.race([work(), late]);
    return { name, ok: true };
  } catch (error) {
    const { reason, hint } = asFault(error, 'look at', name);
    return { name, ok: false, reason: `${reason}; ${hint}` };
  } finally {
    stop.abort();
    late.catch(() => undefined);
  }
};

/** Reads and writes a little: the database, the spool; and asks whether the wake-up still comes. */
export const checkReadiness = (store: Store, spool: Spool, awake: () => boolean): Promise<Check[]> =>
  Promise.all([
    tried('database', async () => {
      await store.read('feeds').first('name');
      await store.write(() => Promise.resolve());
    }),
    tried('spool', async () => {
      const draft = await spool.draft();
      await draft.drop();
    }),
    tried('scheduler', () =>
      awake() ? Promise.resolve() : Promise.reject(new Error('it has not woken up for a minute')),
    ),
  ]);
