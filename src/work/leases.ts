import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { Fault } from '../fault.ts';
import { int } from '../store/store.ts';
import type { Store, Writer } from '../store/store.ts';

/** The longest lease: whoever holds one and is gone is taken over within this time (milliseconds). */
export const longestLeaseMs = 20_000;

/** A lease further ahead than the longest by this much was written before the clock was set back; it holds nobody up. */
const clockSlackMs = 5_000;

/** The right to work on something, until it is taken over. `claim` grows with every taking, and fences the ones before. */
export interface Lease {
  name: string;
  holder: string;
  claim: number;
}

/** Somebody else holds the lease. */
export interface Busy {
  busy: true;
  holder: string;
  /** Milliseconds. */
  leasedUntil: number;
}

/** Names this process, and this use of it: `host:pid:random`. */
export const makeHolder = (): string => `${hostname()}:${process.pid}:${randomBytes(6).toString('hex')}`;

const checkLength = (ms: number): void => {
  if (!(ms > 0 && ms <= longestLeaseMs)) throw new RangeError(`a lease lasts up to ${longestLeaseMs} ms, not ${ms}`);
};

/** Takes the lease for `ms` when nobody holds it or its holder's time is over. Compare-and-set; the claim number grows. */
export const acquire = (store: Store, name: string, holder: string, ms: number): Promise<Lease | Busy> => {
  checkLength(ms);
  return store.write(async (writer) => {
    const { knex } = writer;
    await knex('leases').insert({ name, claim: 0, holder: null, leased_until: 0 }).onConflict('name').ignore();
    const now = await writer.now();
    const taken = (await knex('leases')
      .where({ name })
      .andWhere((free) => {
        void free.whereNull('holder');
        void free.orWhere('leased_until', '<=', now);
        void free.orWhere('leased_until', '>', now + longestLeaseMs + clockSlackMs);
      })
      .update({ claim: knex.raw('claim + 1'), holder, leased_until: now + ms }, ['claim'])) as { claim: unknown }[];
    if (taken[0]) return { name, holder, claim: int(taken[0].claim) };
    const row = (await knex('leases').where({ name }).first('holder', 'leased_until')) as Record<string, unknown>;
    return { busy: true, holder: String(row['holder']), leasedUntil: int(row['leased_until']) };
  });
};

const own = ({ name, holder, claim }: Lease) => ({ name, holder, claim });

/** Holds the lease for `ms` from now. False when somebody else has taken it over. */
export const renew = (store: Store, lease: Lease, ms: number): Promise<boolean> => {
  checkLength(ms);
  return store.write(async (writer) => {
    const count = await writer
      .knex('leases')
      .where(own(lease))
      .update({ leased_until: (await writer.now()) + ms });
    return count === 1;
  });
};

/** Gives the lease back. Does nothing when somebody else has it by now. */
export const release = (store: Store, lease: Lease): Promise<void> =>
  store.write(async ({ knex }) => {
    await knex('leases').where(own(lease)).update({ holder: null, leased_until: 0 });
  });

export const claimLost = (object: string): Fault =>
  new Fault({
    operation: 'go on with',
    object,
    reason: 'another process has taken over',
    hint: 'nothing to do: the other process goes on where this one stopped',
    next: 'retry',
    code: 'claim-lost',
  });

/**
 * For use inside another write: throws Fault `claim-lost` (retry) when the lease is no longer ours, and keeps others
 * from taking it until that write has ended. A lease that ran out and that nobody took is still ours.
 */
export const assertHeld = async ({ knex }: Writer, lease: Lease): Promise<void> => {
  const row: unknown = await knex('leases').where(own(lease)).forUpdate().first('claim');
  if (!row) throw claimLost(lease.name);
};
