import type { CsvRow } from '../file/csv.ts';
import { itemColumns, type LedgerHeader } from './ledger-header.ts';

/** Consecutive rows of a ledger file that make one transaction: one row, or one for each item. */
export interface RowGroup {
  rows: CsvRow[];
  hasItems: boolean;
  /** The line of an unreadable row that may belong to it. */
  tornAt: number | undefined;
}

/** More item rows than this in one order are a mistake in the file, and would not stay in bounded memory. */
export const mostItems = 10_000;

/**
 * Puts item rows of one order together: those with the same event type, order and transactionId that stand one after
 * another. `push` gives the group that has ended, if one has; `end` the last one.
 */
export const rowGrouper = (header: LedgerHeader) => {
  const key = ['eventTypeId', 'orderId', 'transactionId'].map(header.indexOf);
  const items = itemColumns.map(header.indexOf).filter((index) => index >= 0);
  const sameKey = (a: CsvRow, b: CsvRow): boolean => key.every((index) => a.cells[index] === b.cells[index]);
  /** A row with a stray quote has no values by which to tell. */
  const mayBelong = (unread: CsvRow, row: CsvRow): boolean => unread.cells.length === 0 || sameKey(unread, row);
  const isItem = (row: CsvRow): boolean => items.some((index) => (row.cells[index] ?? '') !== '');
  let open: RowGroup | undefined;
  let torn: CsvRow | undefined;
  const push = (row: CsvRow): RowGroup | undefined => {
    const hasItems = isItem(row);
    const [first] = open?.rows ?? [];
    if (open?.hasItems && hasItems && first && sameKey(first, row)) {
      open.tornAt ??= torn?.line;
      torn = undefined;
      if (open.rows.length <= mostItems) open.rows.push(row);
      return undefined;
    }
    const ended = open;
    open = { rows: [row], hasItems, tornAt: torn && hasItems && mayBelong(torn, row) ? torn.line : undefined };
    torn = undefined;
    return ended;
  };
  /** An unreadable row: it may be an item of the order before it or after it, which must not be added without it. */
  const pushTorn = (row: CsvRow): void => {
    torn = row;
    const [first] = open?.rows ?? [];
    if (open?.hasItems && first && mayBelong(row, first)) open.tornAt ??= row.line;
  };
  const end = (): RowGroup | undefined => {
    const ended = open;
    open = undefined;
    return ended;
  };
  return { push, pushTorn, end };
};

/** The first column that says something else of the whole order in a later row: its place, and that row. */
export const orderDifference = (
  header: LedgerHeader,
  rows: readonly CsvRow[],
): { index: number; row: CsvRow } | undefined => {
  const [first, ...others] = rows;
  for (const row of others) {
    const index = header.orderLevel.find((at) => row.cells[at] !== first?.cells[at]);
    if (index !== undefined) return { index, row };
  }
  return undefined;
};
