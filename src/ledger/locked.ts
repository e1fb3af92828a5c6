import type { Clock } from '../clock.ts';
import type { Store } from '../store/store.ts';
import { fittingSize } from './block-writer.ts';
import { approveBlock, type LockingPlace } from './locked-rows.ts';

/** The channel of the journal's entries. */
export const lockingChannel = 'locking';

/**
 * How long a block's database transaction should take, milliseconds. On SQLite it runs on the event loop, whose delay stays
 * under 50 ms; on PostgreSQL it must end within two seconds.
 */
const aimMs = { sqlite: 30, postgres: 400 };
const firstSize = 250;

/** Whether any transaction is due: one look into an index. */
const isAnyDue = async ({ read }: Store, now: number): Promise<boolean> =>
  (await read('transactions')
    .whereRaw("status = 'PENDING'") // literally, as the index says it
    .andWhere('locking_date', '<=', now)
    .orderBy('locking_date')
    .first('id')) !== undefined;

export interface ApprovalOptions {
  /** Ends the work after the block in hand. */
  signal?: AbortSignal;
  /** A fixed size of blocks, for tests; otherwise it follows the time that they take. */
  blockSize?: number;
}

/**
 * Approves every PENDING transaction whose locking date has passed, with one journal entry each (change `approved`,
 * channel `locking`; amount and payout stay): from the very millisecond of the locking date on, as `ALREADY_LOCKED` has
 * it. In blocks of one database transaction each, so that nobody waits long. Each is approved once, whoever else does the
 * same; what somebody is changing at this moment is left for the next time. Resolves to how many.
 */
export const approveLocked = async (
  store: Store,
  clock: Clock,
  { signal, blockSize }: ApprovalOptions = {},
): Promise<number> => {
  if (!(await isAnyDue(store, clock.now()))) return 0;
  let approved = 0;
  let size = blockSize ?? firstSize;
  const approveNext = (behind: LockingPlace) =>
    store.write(async (writer) => {
      const started = performance.now(); // the wait for other writers does not count
      const block = { now: await writer.now(), behind, most: size, channel: lockingChannel };
      return { ...(await approveBlock(writer, block)), tookMs: performance.now() - started };
    });
  // Behind the block before, not from the beginning: PostgreSQL would walk over every entry that has just become old.
  for (let behind: LockingPlace | undefined = { lockingDate: 0, id: 0 }; behind && !signal?.aborted;) {
    const block: Awaited<ReturnType<typeof approveNext>> = await approveNext(behind);
    approved += block.approved;
    behind = block.last;
    size = blockSize ?? fittingSize(size, block.approved, block.tookMs, aimMs[store.kind]);
  }
  return approved;
};
