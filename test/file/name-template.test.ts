import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  alternative,
  manualName,
  type NameTemplate,
  parseNameTemplate,
  renderName,
} from '../../src/file/name-template.ts';
import { safeName, unsafeReason } from '../../src/safe-name.ts';

const template = (text: string): NameTemplate => {
  const read = parseNameTemplate(text);
  if ('problems' in read) throw new Error(read.problems.join('; '));
  return read.template;
};
const problems = (text: string): string[] => {
  const read = parseNameTemplate(text);
  return 'problems' in read ? read.problems : [];
};
const values = {
  feed: 'acme-nightly',
  partner: 'acme',
  number: 42,
  due: Date.parse('2026-01-01T15:00:00Z'),
  timezone: 'Australia/Sydney',
};

test.each([
  ['acme_{due:yyyyMMdd}_{number:06}.csv', 'acme_20260102_000042.csv'],
  ['{partner}-{feed}-{number}.csv', 'acme-acme-nightly-42.csv'],
  ["{due:yyyy-MM-dd'T'HHmm}.csv", '2026-01-02T0200.csv'],
  ['{due:yy}{due:MMdd}_{due:HHmmss}.txt', '260102_020000.txt'],
])('%s → %s', (text, name) => expect(renderName(template(text), values)).toBe(name));

test.each([
  ['acme.csv', 'same name'],
  ['acme_{due:yyyyMMdd}.csv', 'same name'],
  ['acme_{due:yyyyMMddHH}.csv', 'same name'],
  ['acme_{due:MMddHHmm}.csv', 'same name'],
  ['in/{number}.csv', 'path separator'],
  ["{due:yyyy'/'MM}{number}.csv", 'path separator'],
  ['a\n{number}.csv', 'control character'],
  ['.{number}.csv', 'dot'],
  ['{nummer}.csv', 'not known'],
  ['{number:6}.csv', '{number:06}'],
  ['{number:099}.csv', '{number:06}'],
  ['{due}.csv', 'date pattern'],
  ['{due:QQ}_{number}.csv', 'date pattern'],
  ['{feed:x}_{number}.csv', 'nothing after'],
  ['{number.csv', 'brace'],
  [`${'x'.repeat(250)}{number}`, 'longer'],
  ['', 'empty'],
])('%j is refused: %s', (text, word) => expect(problems(text).join('; ')).toContain(word));

test('all problems come at once', () => expect(problems('{a}/{b}.csv')).toHaveLength(2));

test('a name made unsafe by its values is refused', () => {
  expect(() => renderName(template('{feed}_{number}.csv'), { ...values, feed: '../x' })).toThrow('path separator');
});

describe('names made of names', () => {
  test.each([
    ['a.csv', 'a_2.csv'],
    ['a.csv.gz', 'a_2.csv.gz'],
    ['a.csv.zip', 'a_2.csv.zip'],
    ['a.csv.gz.pgp', 'a_2.csv.gz.pgp'],
    ['a.zip.gpg', 'a_2.zip.gpg'],
    ['a.2026.01.csv', 'a.2026.01_2.csv'],
    ['a', 'a_2'],
    ['a b.', 'a b._2'],
  ])('another for %s is %s', (name, other) => expect(alternative(safeName(name), 2)).toBe(other));

  test.each([
    ['acme_{due:yyyyMMdd}_{number:06}.csv', 'acme_20260102_manual_20260101T150000.csv'],
    ['{number}_{feed}.csv', 'acme-nightly_manual_20260101T150000.csv'],
    ['{number}.csv.gz', 'export_manual_20260101T150000.csv.gz'],
    ['{number}', 'export_manual_20260101T150000'],
    ['a{number}b.csv', 'ab_manual_20260101T150000.csv'],
  ])('a manual export of %s is %s', (text, name) => expect(manualName(template(text), values)).toBe(name));
});

test('whatever the template, an accepted one gives safe names that differ by number or minute', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      '{number}',
      '{number:06}',
      '{feed}',
      '{due:yyyyMMdd}',
      '{due:yyyyMMddHHmm}',
      '/',
      '..',
      '.',
      '\u0007',
      '_',
      '.csv',
      '{',
      '}',
    ),
    fc.string({ maxLength: 5 }),
  );
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 6 }),
      fc.nat(1_000_000),
      fc.integer({ min: 1, max: 100_000 }),
      (pieces, number, step) => {
        const read = parseNameTemplate(pieces.join(''));
        if ('problems' in read) return;
        const later = { ...values, number: number + step, due: values.due + step * 60_000 };
        const [one, two] = [renderName(read.template, { ...values, number }), renderName(read.template, later)];
        expect(one).not.toBe(two);
        for (const name of [one, two, alternative(one, 2), manualName(read.template, values)])
          expect(unsafeReason(name)).toBeUndefined();
        expect(alternative(one, 2)).not.toBe(one);
      },
    ),
    { numRuns: 2000 },
  );
});
