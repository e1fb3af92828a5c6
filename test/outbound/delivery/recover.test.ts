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
