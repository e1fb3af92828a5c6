import { userInfo } from 'node:os';
import { asFault } from '../fault.ts';
import { begin, type Deed, record } from '../web/people/audit.ts';
import type { Action } from '../web/people/may.ts';
import type { App } from './wire.ts';

/** What the audit list is written with. */
type Writing = Pick<App, 'store' | 'clock'>;

const deedOf = (action: string, object: string): Deed => ({
  ...{ who: { kind: 'cli', name: userInfo().username }, peer: 'cli', action, object },
});

/** Puts what a person did at the command line on the audit list, under the name of the system's user. */
export const recordByHand = ({ store, clock }: Writing, action: string, object: string): Promise<void> =>
  record(store, deedOf(action, object), clock.now());

/**
 * Does what a person asks for at the command line: on the audit list before it is done, and afterwards with what came of
 * it, `done` or the code of the Fault that refused it. One that was killed stays `begun`.
 */
export const byHand = async <T>(
  { store, clock }: Writing,
  { action, object }: { action: Action; object: string },
  work: () => Promise<T>,
): Promise<T> => {
  const deed = await begin(store, deedOf(action, object), clock.now());
  try {
    const done = await work();
    await deed.end('done');
    return done;
  } catch (error) {
    await deed.end(asFault(error, action, object).code);
    throw error;
  }
};
