import { describe, expect, test } from 'vitest';
import { meet, recover, type Sight, type Verdict } from '../../../src/outbound/delivery/recover.ts';

const parcel = { fileName: 'a.csv', spool: 's', bytes: 10, sha256: 'ours' };
const here = 'sftp://p@h:22/in';

/** Every way the two names can look. */
const sights = {
  'our bytes, read back': { final: { bytes: 10, sha256: 'ours' } },
  'our size, not readable': { final: { bytes: 10 } },
  'our size, other digest': { final: { bytes: 10, sha256: 'theirs' } },
  'another size': { final: { bytes: 11 } },
  nothing: {},
} as const;
type SightName = keyof typeof sights;

const short = (verdict: Verdict): string => {
  switch (verdict.do) {
    case 'delivered':
      return `delivered ${verdict.seen}`;
    case 'hold':
      return `hold ${verdict.code}`;
    case 'upload':
      return 'upload';
  }
};

/** The design's table: by phase, by what is under the final name, without and with the partial name. */
const table: Record<'renaming' | 'renamed', Record<SightName, [alone: string, besidePartial: string]>> = {
  renaming: {
    'our bytes, read back': ['delivered digest', 'delivered digest'],
    'our size, not readable': ['delivered size', 'delivered size'],
    'our size, other digest': ['hold taken', 'hold taken'],
    'another size': ['hold taken', 'hold taken'],
    nothing: ['by unknown', 'upload'],
  },
  renamed: {
    'our bytes, read back': ['delivered digest', 'delivered digest'],
    'our size, not readable': ['delivered size', 'delivered size'],
    'our size, other digest': ['hold taken', 'hold taken'],
    'another size': ['hold taken', 'hold taken'],
    nothing: ['delivered no', 'upload'],
  },
};

describe('after a rename without a receipt', () => {
  for (const phase of ['renaming', 'renamed'] as const)
    for (const [name, final] of Object.entries(sights) as [SightName, Omit<Sight, 'partial'>][])
      for (const partial of [false, true])
        for (const unknown of ['send', 'hold'] as const)
          for (const place of [here, 'sftp://p@h:22/elsewhere'])
            test(`${phase}, ${name}${partial ? ' and the partial name' : ''}, unknown: ${unknown}, ${place === here ? 'same place' : 'other place'}`, () => {
              const open = { phase, place: here, partialName: '.a.csv.1-x.part' };
              const cell = table[phase][name][partial ? 1 : 0];
              const byUnknown = unknown === 'send' ? 'upload' : 'hold unknown-outcome';
              const expected = place === here ? (cell === 'by unknown' ? byUnknown : cell) : 'hold place-changed';
              expect(short(recover(open, { ...final, partial }, parcel, { place, unknown }))).toBe(expected);
            });
});

describe('after a rename without a receipt, at a server that lets nobody look', () => {
  const open = (phase: 'renaming' | 'renamed') => ({ phase, place: here, partialName: '.a.csv.1-x.part' });
  const blind: Sight = { partial: false, blind: true };
  test.each([
    ['renaming', 'hold', 'hold unknown-outcome'],
    ['renaming', 'send', 'upload'],
    ['renamed', 'hold', 'delivered unchecked'],
    ['renamed', 'send', 'delivered unchecked'],
  ] as const)('%s, unknown: %s', (phase, unknown, expected) =>
    expect(short(recover(open(phase), blind, parcel, { place: here, unknown }))).toBe(expected),
  );
});

describe('after a straight write without a receipt', () => {
  /** By what lies there: begun or found whole, of a file that a marker follows, and of the marker. */
  const straight: Record<
    SightName | 'blind',
    { file: Record<'renaming' | 'renamed', string>; marker: Record<'renaming' | 'renamed', string> }
  > = {
    'our bytes, read back': {
      file: { renaming: 'delivered digest', renamed: 'delivered digest' },
      marker: { renaming: 'delivered digest', renamed: 'delivered digest' },
    },
    'our size, not readable': {
      file: { renaming: 'upload', renamed: 'delivered size' },
      marker: { renaming: 'delivered size', renamed: 'delivered size' },
    },
    'our size, other digest': {
      file: { renaming: 'upload', renamed: 'hold taken' },
      marker: { renaming: 'upload', renamed: 'hold taken' },
    },
    'another size': {
      file: { renaming: 'upload', renamed: 'hold taken' },
      marker: { renaming: 'upload', renamed: 'hold taken' },
    },
    nothing: {
      file: { renaming: 'upload', renamed: 'upload' },
      marker: { renaming: 'by unknown', renamed: 'delivered no' },
    },
    blind: {
      file: { renaming: 'upload', renamed: 'delivered unchecked' },
      marker: { renaming: 'by unknown', renamed: 'delivered unchecked' },
    },
  };
  for (const [name, { file, marker }] of Object.entries(straight) as [
    SightName | 'blind',
    (typeof straight)['blind'],
  ][])
    for (const [kind, cells] of Object.entries({ file, marker }))
      for (const phase of ['renaming', 'renamed'] as const)
        for (const unknown of ['send', 'hold'] as const)
          test(`${phase}, ${name}, of a ${kind}, unknown: ${unknown}`, () => {
            const open = { phase, place: here, partialName: parcel.fileName };
            const sight: Sight =
              name === 'blind' ? { partial: false, blind: true } : { ...sights[name], partial: false };
            const byUnknown = unknown === 'send' ? 'upload' : 'hold unknown-outcome';
            const expected = cells[phase] === 'by unknown' ? byUnknown : cells[phase];
            const sent = { ...parcel, marker: kind === 'marker' };
            expect(short(recover(open, sight, sent, { place: here, unknown }))).toBe(expected);
            expect(short(recover(open, sight, sent, { place: 'elsewhere', unknown }))).toBe('hold place-changed');
          });
});

describe('without an open rename', () => {
  const meets: Record<SightName, [first: string, afterAnEarlierRename: string, replace: string]> = {
    'our bytes, read back': ['delivered digest', 'delivered digest', 'delivered digest'],
    'our size, not readable': ['hold taken', 'delivered size', 'upload'],
    'our size, other digest': ['hold taken', 'hold taken', 'upload'],
    'another size': ['hold taken', 'hold taken', 'upload'],
    nothing: ['upload', 'upload', 'upload'],
  };
  test.each(Object.keys(sights) as SightName[])('%s', (name) => {
    const sight = { ...sights[name], partial: false };
    const verdicts = [
      meet(sight, parcel, { sent: false, replace: false }),
      meet(sight, parcel, { sent: true, replace: false }),
      meet(sight, parcel, { sent: false, replace: true }),
    ];
    expect(verdicts.map(short)).toEqual(meets[name]);
  });
});
