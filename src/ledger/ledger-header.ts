import { Fault } from '../fault.ts';
import { fields } from './field.ts';
import { textFields } from './transaction.ts';

/** The columns of an item row. */
export const itemColumns = ['sku', 'category', 'itemQuantity', 'itemAmount'] as const;

/** The columns that every ledger file has. */
export const requiredColumns = ['eventTypeId', 'partner', 'orderId', 'eventDate', 'amount'] as const;

/** What a ledger file's header says: where each column is. */
export interface LedgerHeader {
  /** Public names of the columns in the file's order; an unknown one has the name in the file. */
  names: string[];
  /** Where a known column is; -1 where the file lacks it. */
  indexOf(name: string): number;
  /** Where the `textFields` are, in their order. */
  texts: number[];
  /** The columns that become custom attributes, sorted by name. */
  custom: { name: string; index: number }[];
  /** The columns that say something of the whole order, not of an item. */
  orderLevel: number[];
}

const known = new Map<string, string>(
  [...fields.filter((field) => field.inFile).map(({ name }) => name), ...itemColumns].map((name) => [
    name.toLowerCase(),
    name,
  ]),
);

/**
 * Reads the header of a ledger file. Names are matched without regard to case and to spaces around them; a column with
 * an unknown name is a custom attribute. Throws Fault `bad-header` (refuse) for a missing, nameless or doubled column.
 */
export const readHeader = (cells: readonly string[], sourceName: string): LedgerHeader => {
  const names = cells.map((cell) => known.get(cell.trim().toLowerCase()) ?? cell.trim());
  const refuse = (reason: string, hint: string): Fault =>
    new Fault({
      operation: 'read the header of',
      object: sourceName,
      reason,
      hint,
      next: 'refuse',
      code: 'bad-header',
    });
  const nameless = names.indexOf('');
  if (nameless >= 0) throw refuse(`column ${nameless + 1} has no name`, 'give it a name, or take the column out');
  const doubled = names.find((name, i) => names.findIndex((other) => other.toLowerCase() === name.toLowerCase()) < i);
  if (doubled !== undefined) throw refuse(`the column ${doubled} is there twice`, 'take one of them out');
  const missing = requiredColumns.filter((name) => !names.includes(name));
  if (missing.length > 0) throw refuse(`it lacks ${missing.join(', ')}`, missingHint(cells));
  const places = new Map(names.map((name, i) => [name, i]));
  const indexOf = (name: string): number => places.get(name) ?? -1;
  const isKnown = (name: string): boolean => known.has(name.toLowerCase());
  const isItem = (name: string): boolean => (itemColumns as readonly string[]).includes(name);
  return {
    names,
    indexOf,
    texts: textFields.map(({ name }) => indexOf(name)),
    custom: names
      .map((name, index) => ({ name, index }))
      .filter(({ name }) => !isKnown(name))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
    orderLevel: names.flatMap((name, i) => (isItem(name) ? [] : [i])),
  };
};

const missingHint = (cells: readonly string[]): string => {
  const [only = ''] = cells;
  if (cells.length === 1 && /[;\t|]/.test(only)) return 'the file is not separated by commas; save it with commas';
  return `the first line names the columns; required are ${requiredColumns.join(', ')}`;
};
