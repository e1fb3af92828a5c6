import { expect, test } from 'vitest';
import { readFileColumns } from '../../src/inbound/submission/file-columns.ts';
import { openReading, recordGroups } from '../../src/inbound/submission/reading.ts';
import { standardCodesOf } from '../../src/ledger/disposition.ts';
import { lockingText } from '../../src/web/console/event-type-words.ts';
import { templates, templateText } from '../../src/web/templates.ts';
import { eventType } from './place.ts';

const yen = { ...eventType(4521), currency: 'JPY' };
const bytesOf = (text: string) => () =>
  (async function* () {
    yield await Promise.resolve(Buffer.from(text));
  })();

test.each(templates.map((one) => [one.name, one] as const))(
  'the template %s is a file that is read without a note and without a refused line, in any currency',
  async (_, template) => {
    for (const type of [eventType(4521), yen]) {
      const bytes = bytesOf(templateText(template, type));
      const { reading, notes } = await openReading(bytes);
      expect(notes).toEqual([]);
      expect(readFileColumns(template.columns).notes).toEqual([]);
      const records = [];
      for await (const { groups } of recordGroups(bytes, reading, { eventType: type, after: 0 }))
        records.push(...groups.flat());
      expect(records).toHaveLength(template.lines(type).length);
      for (const { content } of records) expect(content).not.toHaveProperty('refusal');
    }
  },
);

test('a locking rule is a sentence', () => {
  const words = (locking: Parameters<typeof lockingText>[0]['locking']) => lockingText({ ...yen, locking });
  expect(words({ kind: 'monthEnd', months: 1, days: 0 })).toBe(
    'Actions lock 1 month after the end of the month of their event, by the clock of UTC.',
  );
  expect(words({ kind: 'monthEnd', months: 2, days: 5 })).toMatch(/2 months and 5 days after the end/);
  expect(words({ kind: 'monthEnd', months: 0, days: 0 })).toMatch(/at the end of the month of their event/);
  expect(words({ kind: 'afterEvent', days: 14 })).toMatch(/14 days after their event/);
  expect(words({ kind: 'open' })).toMatch(/730 days/);
});

test('an own code stands instead of the standard one of that name', () => {
  const own = { ...yen, dispositions: [{ code: 'OTHER', name: 'Anything', action: 'none' as const }] };
  expect(standardCodesOf(own)).not.toContain('OTHER');
  expect(standardCodesOf(yen)).toContain('OTHER');
});
