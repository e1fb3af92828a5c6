import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ndjsonEncoder } from '../../src/file/ndjson-encode.ts';

test('keys in their order, every value a string, line ends of Unicode escaped', () => {
  const { row } = ndjsonEncoder(['b', 'a "quoted"', '1'], '\n');
  expect(row(['x', '', '12.50'])).toBe('{"b":"x","a \\"quoted\\"":"","1":"12.50"}\n');
  expect(row(['\u2028', 'a\r\n\t\\', '\u2029'])).toBe(
    '{"b":"\\u2028","a \\"quoted\\"":"a\\r\\n\\t\\\\","1":"\\u2029"}\n',
  );
  expect(ndjsonEncoder(['k\u2028'], '\r\n').row(['v'])).toBe('{"k\\u2028":"v"}\r\n');
});

test('Python reads back line by line what was written, also with its idea of a line', () => {
  const seed = Number(process.env['SEED'] ?? Math.trunc(Math.random() * 2 ** 31));
  console.log(`SEED=${seed}`);
  const text = fc.string({
    unit: fc.oneof(
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
      fc.constantFrom('\u0085', '\u2028', '\u2029', '"', '\\', '\n', '\0', '\x7f'),
    ),
  });
  const tables = fc.sample(
    fc.tuple(
      fc.uniqueArray(text, { minLength: 1, maxLength: 4 }),
      fc.array(fc.array(text, { minLength: 4, maxLength: 4 })),
    ),
    { numRuns: 100, seed },
  );
  const cases = tables.map(([keys, rows]) => {
    const { row } = ndjsonEncoder(keys, '\n');
    return { keys, rows: rows.map((cells) => cells.slice(0, keys.length)), text: rows.map(row).join('') };
  });
  const script = `
import json, sys, io
bad = []
for i, c in enumerate(json.load(sys.stdin)):
    lines = [l for l in c['text'].split('\\n')][:-1]
    whole = [l for l in c['text'].splitlines()]
    rows = [json.loads(l) for l in lines]
    if rows != [dict(zip(c['keys'], r)) for r in c['rows']]: bad.append(i)
    if any(list(r) != c['keys'] for r in rows): bad.append(i)
    if len(whole) != len(lines): bad.append(i)
print(json.dumps(bad))`;
  const output = execFileSync('python3', ['-c', script], { input: JSON.stringify(cases), maxBuffer: 1 << 26 });
  expect(JSON.parse(String(output))).toEqual([]);
});
