import type { Clock, Random } from '../../clock.ts';
import type { OpenDrop } from '../../drop/drop.ts';
import type { Log } from '../../log.ts';
import type { Spool } from '../../store/spool.ts';
import type { Store } from '../../store/store.ts';
import type { Delivery, DropPlan } from './delivery.ts';

/** What the delivery room works with. */
export interface DeliveryContext {
  store: Store;
  spool: Spool;
  /** By name. */
  drops: ReadonlyMap<string, DropPlan>;
  openDrop: OpenDrop;
  clock: Clock;
  random: Random;
  /** Names this process in leases. */
  holder: string;
  log?: Log;
  /** Length of the lease on a delivery in milliseconds, 25 s by default; renewed every third of it. */
  leaseMs?: number;
  /** Told after every attempt, with the delivery as it then is. */
  onAttempt?(delivery: Delivery): void;
  /** Bytes the drop has taken of the file in hand. */
  progress?(delivery: Delivery, fileName: string, bytes: number, total: number): void;
}

/** A holder that is gone is taken over when its lease ends: within 30 s, as promised. */
export const defaultLeaseMs = 25_000;
