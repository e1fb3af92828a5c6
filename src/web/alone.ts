import { Fault } from '../fault.ts';
import type { WebContext } from './context.ts';

/** What is done by one at a time: `examine` and `acme-sftp`. */
interface Work {
  operation: string;
  object: string;
}

const busy = ({ operation, object }: Work): Fault =>
  new Fault({
    ...{ operation, object, reason: 'somebody else does it at this moment', next: 'refuse', code: 'busy' },
    hint: 'wait until it has ended, and try again',
  });

/**
 * Runs what may take long or much, once at a time for each object in this process, whether a page or a program asks.
 * Fault `busy` (refuse).
 */
export const alone = async <T>(
  { underWay }: Pick<WebContext, 'underWay'>,
  what: Work,
  work: () => Promise<T>,
): Promise<T> => {
  const name = `${what.operation} ${what.object}`;
  if (underWay.has(name)) throw busy(what);
  underWay.add(name);
  try {
    return await work();
  } finally {
    underWay.delete(name);
  }
};
