import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readInstant } from '../../src/ledger/read-instant.ts';

test.each([
  ['2026-01-15T09:30:00Z', '2026-01-15T09:30:00.000Z'],
  ['2026-01-15T09:30Z', '2026-01-15T09:30:00.000Z'],
  ['2026-01-15T09:30:00.5Z', '2026-01-15T09:30:00.500Z'],
  ['2026-01-15T09:30:00.123999Z', '2026-01-15T09:30:00.123Z'],
  ['2026-01-15T09:30:00+02:00', '2026-01-15T07:30:00.000Z'],
  ['2026-01-15T09:30:00-0530', '2026-01-15T15:00:00.000Z'],
  ['2026-01-15T09:30:00+05', '2026-01-15T04:30:00.000Z'],
  ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000Z'],
])('%s is %s', (text, iso) => expect(readInstant(text)).toBe(Date.parse(iso)));

test.each([
  ...[
    '',
    '2026-01-15',
    '2026-01-15T09:30:00',
    '2026-01-15 09:30:00Z',
    '2026-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-00-01T00:00:00Z',
  ],
  ...[
    '2026-01-15T24:00:00Z',
    '2026-01-15T09:60:00Z',
    '2026-01-15T09:30:60Z',
    '2026-01-15T09:30:00z',
    '15/01/2026',
    ' 2026-01-15T09:30:00Z',
  ],
  ...['2026-01-15T09:30:00+25:00', '2026-01-15T09:30:00+02:60', 'NOW', '0000-01-01T00:00:00Z'],
])('%j is not an instant', (text) => expect(readInstant(text)).toBeUndefined());

test('what JavaScript writes is read back', () => {
  const instant = fc.integer({ min: Date.UTC(1900, 0), max: Date.UTC(2999, 0) });
  fc.assert(
    fc.property(instant, (at) => {
      expect(readInstant(new Date(at).toISOString())).toBe(at);
    }),
  );
});
