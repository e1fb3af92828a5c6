import { userInfo } from 'node:os';
import { record } from '../web/people/audit.ts';
import type { App } from './wire.ts';

/** Puts what a person did at the command line on the audit list, under the name of the system's user. */
export const recordByHand = ({ store, clock }: App, action: string, object: string): Promise<void> =>
  record(store, { who: { kind: 'cli', name: userInfo().username }, peer: 'cli', action, object }, clock.now());
