import type { Item } from '../../ledger/transaction.ts';
import type { Minor } from '../../money.ts';

/** What one line of a conversion file says. Money in minor units of its currency; null where the line says nothing. */
export interface AskedConversion {
  campaignId: string;
  /** Whether it names the event type that the file came to. */
  isOurs: boolean;
  /** Milliseconds; null for `NOW`. */
  eventDate: number | null;
  /** EventDate as it is written. */
  dated: string;
  mediaPartnerId: string | null;
  currency: string;
  /** Of the order; that of an item is in `item`. */
  amount: Minor | null;
  subtotal: Minor | null;
  discount: Minor | null;
  /** Of an order-level line. */
  quantity: number | null;
  /** What it says in the form of one row for each item, with the amount before the order's discount. */
  item: Item | null;
  /** The values of `textFields`, in their order. */
  texts: (string | null)[];
  custom: readonly (readonly [name: string, value: string])[];
}
