import { spread } from '../../ledger/spread.ts';
import { type Item, textFields } from '../../ledger/transaction.ts';
import type { Minor } from '../../money.ts';
import type { AskedConversion } from './asked-conversion.ts';
import type { CellProblem } from './cells.ts';
import { isFull, type RecordGroup } from './group.ts';
import type { FileRecord } from './record.ts';

/** An order that a conversion file reports, out of one line or of the rows of its items. Money in minor units. */
export interface ConversionOrder extends Pick<
  AskedConversion,
  'campaignId' | 'isOurs' | 'eventDate' | 'dated' | 'mediaPartnerId' | 'currency' | 'quantity' | 'texts'
> {
  orderId: string;
  amount: Minor;
  items: Item[];
  /** By name; a column in which the items differ is there once for each of them, as `NAME[1]`, `NAME[2]` … */
  custom: Record<string, string>;
  /** Where it begins. */
  record: FileRecord;
}

interface Line {
  record: FileRecord;
  asked: AskedConversion;
}

/** Ends the making of an order. */
class Unfit extends Error {
  readonly problem: CellProblem;

  constructor(message: string, hint: string) {
    super(message);
    this.problem = { message, hint };
  }
}

const unfit = (message: string, hint: string): never => {
  throw new Unfit(message, hint);
};

const alike = 'Rows of one order say the same of the order, and differ in their item only.';

/** What all rows of an order say alike. `mayLack`: a later row may leave it empty. */
const common = <T>(name: string, lines: readonly Line[], of: (asked: AskedConversion) => T | null): T | null => {
  const [first, ...others] = lines.filter(({ asked }) => of(asked) !== null);
  const other = others.find(({ asked }) => first && of(asked) !== of(first.asked));
  if (first && other)
    unfit(`${name}: lines ${first.record.line} and ${other.record.line} of one order say different things`, alike);
  return first ? of(first.asked) : null;
};

const textsOf = (lines: readonly Line[]): (string | null)[] =>
  textFields.map(({ name }, i) => common(name, lines, ({ texts }) => texts[i] ?? null));

const customOf = (lines: readonly Line[]): Record<string, string> => {
  const rows = lines.map(({ asked }) => new Map(asked.custom));
  const names = [...new Set(rows.flatMap((row) => [...row.keys()]))].sort();
  const entries = names.flatMap((name): [string, string][] => {
    const values = rows.map((row) => row.get(name));
    const [value = '', ...others] = new Set(values.filter((one) => one !== undefined));
    if (others.length === 0) return [[name, value]];
    return values.flatMap((one, i): [string, string][] => (one === undefined ? [] : [[`${name}[${i + 1}]`, one]]));
  });
  return Object.fromEntries(entries);
};

/** 18 digits, as the ledger can hold them. */
const tooLarge = (amount: Minor): boolean => String(amount).length > 18;

/** What is left of a sum after the order's discount. */
const afterDiscount = (sum: Minor, discount: Minor | null): Minor => {
  const total = sum - (discount ?? 0n);
  if (total < 0n) unfit('OrderDiscount: it is more than the order', 'What is created is worth 0 or more.');
  if (tooLarge(total)) unfit('Amount: the order has more than 18 digits', 'Correct the amounts.');
  return total;
};

/** The order's total over its items: OrderSubtotal where it is given, else their sum; less the discount; in proportion. */
const spreadItems = (items: readonly Item[], subtotal: Minor | null, discount: Minor | null): Item[] => {
  const sum = items.reduce((all, { amount }) => all + amount, 0n);
  const total = afterDiscount(subtotal ?? sum, discount);
  if (sum === 0n && total !== 0n)
    unfit('OrderSubtotal: the items are worth 0, so it cannot be spread over them', 'Give the items their amounts.');
  const amounts =
    total === sum
      ? items.map(({ amount }) => amount)
      : spread(
          total,
          items.map(({ amount }) => amount),
        );
  return items.map((item, i) => ({ ...item, amount: amounts[i] ?? 0n }));
};

/** OrderSubtotal is before the discount; an Amount beside it must be the same sum, before or after. */
const plainTotal = ({ amount, subtotal, discount }: AskedConversion): Minor => {
  const total = afterDiscount(subtotal ?? amount ?? 0n, discount);
  if (subtotal !== null && amount !== null && amount !== subtotal && amount !== total)
    unfit(
      'Amount: it is neither OrderSubtotal nor what the discount leaves of it',
      'Give one of the two, or correct it.',
    );
  return total;
};

const assemble = (lines: readonly [Line, ...Line[]]): ConversionOrder => {
  const [{ record, asked: first }] = lines;
  common('CampaignId', lines, ({ campaignId }) => campaignId);
  common('ActionTrackerId', lines, ({ isOurs }) => isOurs);
  common('EventDate', lines, ({ dated }) => dated);
  common('CurrencyCode', lines, ({ currency }) => currency);
  const subtotal = common('OrderSubtotal', lines, (asked) => asked.subtotal);
  const discount = common('OrderDiscount', lines, (asked) => asked.discount);
  const rows = lines.flatMap(({ asked: { item } }) => item ?? []);
  const items = rows.length > 0 ? spreadItems(rows, subtotal, discount) : [];
  const { campaignId, isOurs, eventDate, dated, currency } = first;
  const hasItems = items.length > 0;
  return {
    ...{ orderId: record.orderId ?? '', campaignId, isOurs, eventDate, dated, currency, items, record },
    mediaPartnerId: common('MediaPartnerId', lines, (asked) => asked.mediaPartnerId),
    amount: hasItems ? items.reduce((all, { amount }) => all + amount, 0n) : plainTotal(first),
    quantity: hasItems ? items.reduce((all, { quantity }) => all + quantity, 0) : first.quantity,
    texts: textsOf(lines),
    custom: customOf(lines),
  };
};

/**
 * The order that lines report together; pure. A problem is that of all of them that have none of their own: an order is
 * created whole or not at all, because what was left out could not be added later.
 */
export const orderOf = (group: RecordGroup): { order: ConversionOrder } | { problem: CellProblem } => {
  const spoilt = group.find(({ content }) => !('conversion' in content));
  if (spoilt)
    return {
      problem: {
        message: `Line ${spoilt.line} may belong to the order and cannot be used, so none of it was created`,
        hint: 'Correct that line, and send all lines of the order again.',
      },
    };
  if (group.length > 1 && isFull(group))
    return { problem: { message: 'The order has too many items', hint: 'At most 9,999 items make one order.' } };
  const [first, ...others] = group.flatMap((record) =>
    'conversion' in record.content ? [{ record, asked: record.content.conversion }] : [],
  );
  if (!first) throw new Error('a group without lines');
  try {
    return { order: assemble([first, ...others]) };
  } catch (error) {
    if (error instanceof Unfit) return { problem: error.problem };
    throw error;
  }
};
