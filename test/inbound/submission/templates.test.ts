import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { outcomes } from '../../../src/inbound/submission/outcome.ts';
import { defaultConversions, type EventType } from '../../../src/ledger/event-type.ts';
import { describeStores } from '../../stores.ts';
import { conversionType } from './event-type.ts';
import { codes, makeStage, order } from './stage.ts';

const century = 36_500 * 86_400_000;
/** The dates in the templates never become too old for it. */
const type: EventType = {
  ...conversionType,
  conversions: { ...(conversionType.conversions ?? defaultConversions), maxAge: century, maxAgeWithPartner: century },
};

const folder = new URL('../../../fixtures/submissions/', import.meta.url);

const expected: Record<string, string[]> = {
  'by-action-id.csv': ['MODIFIED'],
  'conversions-chained.csv': ['CREATED', 'CREATED'],
  'conversions-item-level.csv': ['CREATED', 'CREATED', 'CREATED'],
  'conversions-mobile.csv': ['CREATED', 'CREATED'],
  'conversions-order-level.csv': ['CREATED', 'CREATED'],
  'conversions-sample.csv': ['CREATED', 'CREATED', 'DUPLICATE', 'ACTION_REF_NOT_FOUND', 'CONV_MALFORMED'],
  'conversions.xml': ['CREATED', 'CREATED'],
  'item-columns.csv': ['MODIFIED'],
  'item-rows.csv': ['MODIFIED', 'MODIFIED'],
  'modifications.xml': ['MODIFIED', 'REVERSED', 'MODIFIED', 'MODIFIED'],
  'order-level.csv': ['MODIFIED', 'REVERSED'],
  'sample.csv': ['MODIFIED', 'REVERSED', 'BAD_DISPOSITION', 'ACTION_NOT_FOUND'],
};

describeStores('templates', (open) => {
  test('each is applied as it stands', async () => {
    const names = readdirSync(folder).filter((name) => /\.(csv|xml)$/.test(name));
    expect(names.sort()).toEqual(Object.keys(expected));
    for (const fileName of names) {
      const stage = await makeStage(
        await open(),
        [
          order('SO-1001'),
          order('SO-1002'),
          order('SO-1003', { item: 'SHOE-42,2,60.00' }),
          order('SO-1003', { item: 'SOCK-3,4,40.00' }),
          order('SO-1004', { id: 'M1000.4521.1' }),
          ...[1, 2, 3].map((n) => order(`S1-00000000${n}`)),
        ],
        type,
      );
      const { status, notes, rows } = await stage.send(readFileSync(new URL(fileName, folder)), { fileName });
      expect({ fileName, status, notes, codes: codes(rows) }).toEqual({
        ...{ fileName, status: 'Complete', notes: [], codes: expected[fileName] },
      });
    }
  });
});

test('the README says of every outcome what the program says', () => {
  const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');
  for (const [code, { message, hint }] of Object.entries(outcomes))
    expect(readme).toContain(`| \`${code}\` | ${message} | ${hint} |`);
});
