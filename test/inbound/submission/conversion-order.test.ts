import { describe, expect, test } from 'vitest';
import { orderOf } from '../../../src/inbound/submission/conversion-order.ts';
import { conversionReader } from '../../../src/inbound/submission/conversion-record.ts';
import { isConversionFile, readFileColumns } from '../../../src/inbound/submission/file-columns.ts';
import { recordGrouper, type RecordGroup } from '../../../src/inbound/submission/group.ts';
import { conversionType } from './event-type.ts';

const base = ['CampaignId', 'ActionTrackerId', 'EventDate', 'OrderId'];

/** The groups that a file of these columns and lines makes, beside those that every file has. */
const groupsOf = (names: string, lines: readonly string[]): RecordGroup[] => {
  const { columns } = readFileColumns([...base, ...names.split(',')]);
  if (!isConversionFile(columns)) throw new Error('no conversion file');
  const read = conversionReader(columns, conversionType);
  const { push, end } = recordGrouper();
  const groups = lines.map((text, i) => {
    const [orderId = '', ...cells] = text.split(',');
    const row = ['1000', '4521', '2026-11-20T10:00:00Z', orderId, ...cells];
    return push(read({ line: i + 2, cells: row, trouble: undefined }, i + 1));
  });
  return [...groups, end()].flatMap((group) => (group ? [group] : []));
};

const told = (names: string, ...lines: string[]) =>
  groupsOf(names, lines).map((group) => {
    const made = orderOf(group);
    if ('problem' in made) return made.problem.message;
    const { amount, items, custom } = made.order;
    return { amount, items: items.map((item) => item.amount), custom };
  });

describe('what an order is worth', () => {
  const plain = (amount: bigint) => ({ amount, items: [], custom: {} });

  test('of one line: Amount or OrderSubtotal, less the discount', () => {
    const made = told(
      'Amount,OrderSubtotal,OrderDiscount',
      'A,10,,',
      'B,,10,2.50',
      'C,10,,2.50',
      'D,7.50,10,2.50',
      'E,10,10,2.50',
    );
    expect(made).toEqual([plain(1000n), plain(750n), plain(750n), plain(750n), plain(750n)]);
  });

  test('of one line: what contradicts itself is refused', () => {
    expect(told('Amount,OrderSubtotal,OrderDiscount', 'A,9,10,2.50', 'B,1,,1.01')).toEqual([
      'Amount: it is neither OrderSubtotal nor what the discount leaves of it',
      'OrderDiscount: it is more than the order',
    ]);
  });

  test('of items: their sum, or OrderSubtotal where it differs, spread to the cent', () => {
    const names = 'Sku,Quantity,ItemPrice,ItemSubtotal,Amount,OrderSubtotal,OrderDiscount';
    const rows = ['A,X,3,3.33,,,10,', 'A,Y,1,,5,,,', 'B,X,1,,,0,,', 'C,X,1,,,0,1,', 'D,X,2,1,,2,,'];
    const [a, b, c] = told(names, ...rows);
    expect(a).toMatchObject({ amount: 1000n, items: [666n, 334n] });
    expect(b).toMatchObject({ amount: 0n, items: [0n] });
    expect(c).toBe('OrderSubtotal: the items are worth 0, so it cannot be spread over them');
    const [d] = groupsOf(names, ['D,X,2,1,,2,,']).flat();
    expect(d?.content).toMatchObject({ refusal: { message: 'ItemPrice: the item has ItemPrice and Amount' } });
  });

  test('attributes of items are kept one by one where they differ', () => {
    const [made] = told('Sku,Quantity,Amount,Name,Gift', 'A,X,1,1,Shoe,yes', 'A,Y,1,1,Sock,yes', 'A,Z,1,1,,');
    expect(made).toMatchObject({ custom: { 'Name[1]': 'Shoe', 'Name[2]': 'Sock', Gift: 'yes' } });
  });

  test('more items than fit into memory are no order', () => {
    const rows = Array.from({ length: 10_001 }, (_, i) => `A,S${i},1,1`);
    const [first = [], second = []] = groupsOf('Sku,Quantity,Amount', rows);
    expect([first.length, second.length]).toEqual([10_000, 1]);
    expect(orderOf(first)).toMatchObject({ problem: { message: 'The order has too many items' } });
  });
});
