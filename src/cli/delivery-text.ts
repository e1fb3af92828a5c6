import type { Delivery } from '../outbound/delivery/delivery.ts';
import type { showDelivery } from '../outbound/delivery/deliveries.ts';
import { count, moment, table } from './output.ts';

/** A delivery as `--json` shows it. */
export type DeliveryLine = ReturnType<typeof showDelivery>;

/** What is to be said of it: the error with its hint, or for what it waits. */
const remark = ({ state, error, hint, attempts, seen, pickedUp }: DeliveryLine): string => {
  if (error !== null) return hint === null ? error : `${error} (${hint})`;
  if (state === 'pending' && attempts === 0) return 'not tried yet';
  if (pickedUp !== null) return `taken ${moment(pickedUp)}`;
  if (seen === 'unchecked') return 'not looked at: the server lets nobody look';
  return seen === 'no' ? 'already taken when we looked' : '';
};

/** Deliveries in columns. */
export const deliveriesText = (lines: readonly DeliveryLine[]): string =>
  table(
    lines,
    [
      { title: 'id', text: (line) => String(line.id), align: 'right' },
      { title: 'feed', text: (line) => line.feed },
      { title: 'drop', text: (line) => line.drop },
      { title: 'state', text: (line) => line.state },
      { title: 'tries', text: (line) => String(line.attempts), align: 'right' },
      { title: 'file', text: (line) => line.remoteName },
      { title: 'bytes', text: (line) => count(line.bytes), align: 'right' },
      { title: 'delivered at', text: (line) => moment(line.deliveredAt) },
      { title: '', text: remark },
    ],
    'No delivery.',
  );

/** Whether nothing is left to do for it. */
export const isDone = ({ state }: Delivery): boolean => state === 'delivered' || state === 'settled';
