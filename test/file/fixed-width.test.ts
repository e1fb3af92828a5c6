import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type FixedColumn, fixedCell, fixedTrouble } from '../../src/file/fixed-width.ts';

const write = (text: string, column: FixedColumn) => fixedCell(column)(text);

describe('a fixed-width value', () => {
  test.each<[string, FixedColumn, string | undefined]>([
    ['abc', { width: 5 }, 'abc  '],
    ['abc', { width: 5, align: 'right' }, '  abc'],
    ['', { width: 3, pad: '.' }, '...'],
    ['abcde', { width: 5 }, 'abcde'],
    ['abcdef', { width: 5 }, undefined],
    ['abcdef', { width: 5, overflow: 'cut' }, 'abcde'],
    ['12.50', { width: 8, align: 'right', pad: '0' }, '00012.50'],
    ['-12.50', { width: 8, align: 'right', pad: '0' }, '-0012.50'],
    ['-12.50', { width: 8, align: 'right', pad: '*' }, '**-12.50'],
    ['-', { width: 3, align: 'right', pad: '0' }, '00-'],
    ['東京', { width: 3 }, '東京 '],
    ['😀😀', { width: 3 }, '😀😀 '],
    ['😀😀', { width: 1, overflow: 'cut' }, '😀'],
    ['x', { width: 3, pad: '😀' }, 'x😀😀'],
    ['a\nb', { width: 5, overflow: 'cut' }, undefined],
    ['a\rb', { width: 5 }, undefined],
  ])('%j in %j is %j', (text, column, expected) => {
    expect(write(text, column)).toBe(expected);
  });

  test('what does not fit is said without the value', () => {
    expect(fixedTrouble('secret', { width: 5 })).toBe('the value has 6 characters, 5 fit');
    expect(fixedTrouble('se\ncret', { width: 5, overflow: 'cut' })).toMatch(/line break/);
    expect(fixedTrouble('secret', { width: 5, overflow: 'cut' })).toBeUndefined();
  });

  test('is as wide as its column, and cut out again it is the value', () => {
    const char = fc.constantFrom('a', 'Z', '7', 'é', '東', '😀', '.', '-');
    const cell = fc.record({
      text: fc.string({ unit: char, maxLength: 12 }),
      column: fc.record({
        width: fc.integer({ min: 1, max: 14 }),
        align: fc.constantFrom('left' as const, 'right' as const),
        pad: fc.constantFrom(' ', '_', '★'),
        overflow: fc.constantFrom('refuse' as const, 'cut' as const),
      }),
    });
    fc.assert(
      fc.property(fc.array(cell, { minLength: 1, maxLength: 6 }), (cells) => {
        const written = cells.map(({ text, column }) => write(text, column));
        for (const [i, { text, column }] of cells.entries()) {
          expect(written[i] === undefined).toBe(fixedTrouble(text, column) !== undefined);
        }
        const row = [...written.map((value) => value ?? '').join('')];
        for (const [i, { text, column }] of cells.entries()) {
          if (written[i] === undefined) continue;
          const out = row.splice(0, column.width).join('');
          expect([...out]).toHaveLength(column.width);
          const filling = new RegExp(column.align === 'left' ? `${column.pad}*$` : `^${column.pad}*`, 'u');
          expect(out.replace(filling, '')).toBe([...text].slice(0, column.width).join(''));
        }
        expect(row).toEqual([]);
      }),
    );
  });
});
