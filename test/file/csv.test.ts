import { execFileSync } from 'node:child_process';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { csvEncoder, guardFormula, guardUnlessNumber } from '../../src/file/csv-encode.ts';
import { type CsvReading, type CsvRow, readCsv, readCsvByParser, writeCsvRow } from '../../src/file/csv.ts';

const read = async (
  text: string | Buffer,
  options: Partial<CsvReading> = {},
  chunk = 1 << 16,
  by: typeof readCsv = readCsv,
): Promise<CsvRow[]> => {
  const bytes = Buffer.from(text as string);
  const chunks: Buffer[] = [];
  for (let i = 0; i < bytes.length; i += chunk) chunks.push(bytes.subarray(i, i + chunk));
  const rows: CsvRow[] = [];
  for await (const block of by(Readable.from(chunks), { delimiter: ',', ...options })) rows.push(...block);
  return rows;
};
const plain = (rows: CsvRow[]) => rows.map(({ line, cells }) => [line, ...cells]);
const lines = (rows: CsvRow[]) => rows.map(({ line, trouble }) => [line, trouble === undefined ? 'good' : 'bad']);

/** Every size of chunk must give the same rows: the seam may fall anywhere. */
const sizes = [1, 2, 3, 7, 1 << 16];

describe('reading', () => {
  test.each(['\r\n', '\n', '\r'])(
    'lines that end with %j, quoted ones, blank ones, with and without a last line end',
    async (end) => {
      const text = ['\uFEFFa,b', '1,"x', 'y"', '', '', '2,"say ""hi"""', '3,', '"4\r\n5",6', '7,8'].join(end);
      const expected = [
        [1, 'a', 'b'],
        [2, '1', `x${end}y`],
        [6, '2', 'say "hi"'],
        [7, '3', ''],
        [8, '4\r\n5', '6'],
        [10, '7', '8'],
      ];
      for (const size of sizes) {
        expect(plain(await read(text, {}, size))).toEqual(expected);
        expect(plain(await read(text + end, {}, size))).toEqual(expected);
        expect(plain(await read(text + end + end, {}, size))).toEqual(expected);
      }
    },
  );

  test('values stay as they are: spaces, leading zeros, 19 digits', async () => {
    const rows = await read('a,b,c\n  x ,007,1234567890123456789\n');
    expect(rows[1]?.cells).toEqual(['  x ', '007', '1234567890123456789']);
  });

  test.each([';', '\t', '|'] as const)('the delimiter %j is fixed', async (delimiter) => {
    expect((await read(`a${delimiter}b\n1,2${delimiter}3\n`, { delimiter }))[1]?.cells).toEqual(['1,2', '3']);
  });

  test('short and long rows are reported with their line, and the next ones are read', async () => {
    for (const size of sizes) {
      const rows = await read('a,b\r\n1\r\n\r\n"x\r\ny",2,3\r\n4,5\r\n', {}, size);
      expect(lines(rows)).toEqual([
        [1, 'good'],
        [2, 'bad'],
        [4, 'bad'],
        [6, 'good'],
      ]);
      expect(rows[2]?.cells).toEqual(['x\r\ny', '2', '3']);
    }
  });

  test('a stray quote spoils its row only, and the lines after it are right', async () => {
    for (const size of sizes) {
      const rows = await read('a,b\r\n1,x"y\r\n2,"5" pipe"\r\n3,"p\r\nq"\r\nz"z,1\r\n4,5\r\n', {}, size);
      expect(lines(rows)).toEqual([
        [1, 'good'],
        [2, 'bad'],
        [3, 'bad'],
        [4, 'good'],
        [6, 'bad'],
        [7, 'good'],
      ]);
    }
  });

  test('a quote that is never closed is reported where it opens and ends the reading, in bounded memory', async () => {
    for (const size of sizes) {
      expect(lines(await read('a,b\n1,2\n3,"4\n5,6\n7,8\n', {}, size))).toEqual([
        [1, 'good'],
        [2, 'good'],
        [3, 'bad'],
      ]);
    }
    let given = 0;
    const endless = async function* () {
      yield Buffer.from('a,b\n1,"');
      for (; given < 1000; given++) yield Buffer.alloc(1 << 16, 'x\n');
    };
    const rows: CsvRow[] = [];
    for await (const block of readCsv(endless(), { delimiter: ',', maxRowBytes: 1 << 20 })) rows.push(...block);
    expect(lines(rows)).toEqual([
      [1, 'good'],
      [2, 'bad'],
    ]);
    expect(given).toBeLessThan(20);
  });

  test.each([
    ['of bare delimiters', '1,2', ','],
    ['of short values', '1,2', 'x,'],
    ['with a stray quote', '1,x"y', ','],
    ['of stray quotes', '1,x"y', ',x"y'],
  ])('a row %s that does not end is reported once and ends the reading, in bounded memory', async (_, before, fill) => {
    let given = 0;
    const endless = async function* () {
      yield Buffer.from(`a,b\n1,2\n${'\n'.repeat(3)}${before}`);
      for (; given < 1000; given++) yield Buffer.alloc(1 << 16, fill);
    };
    const rows: CsvRow[] = [];
    for await (const block of readCsv(endless(), { delimiter: ',', maxRowBytes: 1 << 20 })) rows.push(...block);
    expect(lines(rows)).toEqual([
      [1, 'good'],
      [2, 'good'],
      [6, 'bad'],
    ]);
    expect(given).toBeLessThan(40);
  });

  test('blank lines are no row, however many', async () => {
    const text = `a,b\n${'\n'.repeat(5000)}1,2\n`;
    expect(plain(await read(text, { maxRowBytes: 1000 }, 7))).toEqual([
      [1, 'a', 'b'],
      [5002, '1', '2'],
    ]);
  });

  test('rows with trouble end as well, however many follow each other', async () => {
    const bad = '1,2,3\n1,x"y\n'.repeat(500);
    const rows = lines(await read(`a,b\n${bad}1,2\n`, { maxRowBytes: 1000 }, 64));
    expect(rows).toHaveLength(1002);
    expect(rows.at(-1)).toEqual([1002, 'good']);
  });

  test('a header may begin with PK', async () => {
    expect(plain(await read('PK,b\n1,2\n'))).toEqual([
      [1, 'PK', 'b'],
      [2, '1', '2'],
    ]);
  });

  test('bytes that are not UTF-8 and NUL are reported with their row, wherever a chunk ends', async () => {
    const bytes = Buffer.concat([Buffer.from('a,b\nü,1\n'), Buffer.from([0xfc]), Buffer.from(',2\n€,3\nx\0y,4\nz,5')]);
    for (const size of sizes) {
      expect(lines(await read(bytes, {}, size))).toEqual([
        [1, 'good'],
        [2, 'good'],
        [3, 'bad'],
        [4, 'good'],
        [5, 'bad'],
        [6, 'good'],
      ]);
    }
  });

  test.each([
    ['PK\u0003\u0004', 'Excel'],
    ['\u001f\u008b', 'gzip'],
    ['\u00ff\u00fea\0', 'UTF-16'],
  ])('another format is refused: %j', async (start, word) => {
    await expect(read(Buffer.from(start, 'latin1'))).rejects.toThrow(
      expect.objectContaining({ code: 'not-csv', message: expect.stringContaining(word) }),
    );
  });

  test('an empty file has no rows', async () => expect(await read('')).toEqual([]));
});

const nasty = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(
      fc.constantFrom('"', ',', ';', '\t', '|', '\r', '\n', '\r\n', ' ', 'a', '=', '-', '\u2028', '007', 'é', '𝄞', "'"),
      { maxLength: 6 },
    )
    .map((p) => p.join('')),
  fc.constantFrom('1234567890123456789', '-12.50', '1e21', '+491701', '', ' ', '""'),
);
/** Pieces of a file that is nearly CSV. */
const nearlyCsv = fc
  .array(
    fc.oneof(
      {
        weight: 6,
        arbitrary: fc.constantFrom('1,2\n', 'a,"b"\r\n', '"x\r\ny",""\n', '"say ""hi""",é\n', ',\n', '\n', '\r\n'),
      },
      {
        weight: 1,
        arbitrary: fc.constantFrom(
          '1,2,3\n',
          'x"y,1\n',
          '"a"b,1\n',
          '"open',
          'a,b\r',
          ' \n',
          '\r',
          '"',
          ',',
          '\0',
          '\ufeff1,2\n',
          'a',
          'bad',
        ),
      },
    ),
    { maxLength: 12 },
  )
  .chain((parts) => fc.tuple(fc.constantFrom('', '\ufeff1,2\n', 'h,i\n', '\ufeff"h",i\r\n'), fc.constant(parts)))
  .map(([start, parts]) =>
    Buffer.concat([start, ...parts].map((part) => (part === 'bad' ? Buffer.from([0xfc]) : Buffer.from(part)))),
  );

describe('the quick way', () => {
  test('gives the same rows as csv-parse alone, wherever it has to leave the rest to it', async () => {
    await fc.assert(
      fc.asyncProperty(nearlyCsv, fc.constantFrom(1, 2, 3, 7, 1 << 16), async (bytes, size) => {
        expect(await read(bytes, {}, size)).toEqual(await read(bytes, {}, size, readCsvByParser));
      }),
      { numRuns: 500, seed: Number(process.env['SEED'] ?? 1) },
    );
  });
});

const textCell = nasty.map((text) => text.replaceAll('\0', '0').toWellFormed());
const table = fc
  .integer({ min: 1, max: 5 })
  .chain((width) =>
    fc.array(fc.array(textCell, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 6 }),
  );
const format = fc.record({ delimiter: fc.constantFrom(',', ';', '\t', '|'), lineEnd: fc.constantFrom('\r\n', '\n') });

describe('writing', () => {
  test('a value is quoted only where it must be', () => {
    const { cell, row } = csvEncoder({ delimiter: ',', lineEnd: '\r\n' });
    expect(['a', '', 'a b', 'a;b', '-1', "'"].map(cell)).toEqual(['a', '', 'a b', 'a;b', '-1', "'"]);
    expect(['a,b', 'a"b', 'a\rb', 'a\nb', ' a', 'a ', ' '].map(cell)).toEqual([
      '"a,b"',
      '"a""b"',
      '"a\rb"',
      '"a\nb"',
      '" a"',
      '"a "',
      '" "',
    ]);
    expect([row(['1', 'x,y']), row(['']), row(['', ''])]).toEqual(['1,"x,y"\r\n', '""\r\n', ',\r\n']);
    expect(csvEncoder({ delimiter: '|', lineEnd: '\n' }).row(['a|b', 'a,b'])).toBe('"a|b"|a,b\n');
  });

  test('what is written is read back by our reader, and csv-stringify means the same', async () => {
    await fc.assert(
      fc.asyncProperty(table, format, async (rows, { delimiter, lineEnd }) => {
        const { row } = csvEncoder({ delimiter, lineEnd });
        const options = { delimiter: delimiter as ',' };
        // A BOM at the start of the file is the encoding's, not the value's: a header keeps it away, as in every batch.
        const header = rows[0]!.map((_, i) => `h${i}`);
        const cells = async (text: string) => (await read(text, options)).slice(1).map((found) => found.cells);
        expect(await cells([header, ...rows].map(row).join(''))).toEqual(rows);
        if (rows[0]!.length > 1) {
          expect(
            await cells([header, ...rows].map((one) => writeCsvRow(one, { delimiter, lineEnd })).join('')),
          ).toEqual(rows);
        }
      }),
      { numRuns: 400 },
    );
  });

  test('with quote: always every value is quoted, as Python does it too', () => {
    const { row } = csvEncoder({ delimiter: ';', lineEnd: '\r\n', quote: 'always' });
    expect(row(['a', '', '12.50', 'say "x"', 'a\nb'])).toBe('"a";"";"12.50";"say ""x""";"a\nb"\r\n');
    expect(row([''])).toBe('""\r\n');
    const cases = fc.sample(table, { numRuns: 200, ...seed() }).map((rows) => ({ rows, text: rows.map(row).join('') }));
    const script = `import csv, io, json, sys
bad = []
for case in json.load(sys.stdin):
    out = io.StringIO(newline='')
    csv.writer(out, delimiter=';', quoting=csv.QUOTE_ALL).writerows(case['rows'])
    if out.getvalue() != case['text']: bad.append([case, out.getvalue()])
print(json.dumps({'bad': bad[:1]}))`;
    const output = execFileSync('python3', ['-c', script], { input: JSON.stringify(cases), maxBuffer: 1 << 26 });
    expect(JSON.parse(String(output))).toEqual({ bad: [] });
  });

  test("what is written is read back by Python's csv module", () => {
    const cases = fc
      .sample(fc.tuple(table, format), { numRuns: 500, ...seed() })
      .map(([rows, { delimiter, lineEnd }]) => {
        const { row } = csvEncoder({ delimiter, lineEnd });
        return { rows, delimiter, text: rows.map(row).join('') };
      });
    const script = `import csv, io, json, sys
bad = []
for case in json.load(sys.stdin):
    found = list(csv.reader(io.StringIO(case['text'], newline=''), delimiter=case['delimiter'], strict=True))
    if found != case['rows']: bad.append([case, found])
print(json.dumps({'bad': bad[:1]}))`;
    const output = execFileSync('python3', ['-c', script], { input: JSON.stringify(cases), maxBuffer: 1 << 26 });
    expect(JSON.parse(String(output))).toEqual({ bad: [] });
  });

  test('the formula guard marks text, and leaves other beginnings alone', () => {
    expect(['=1+1', '+1', '-x', '@a', '\tx', '\rx'].map(guardFormula)).toEqual([
      "'=1+1",
      "'+1",
      "'-x",
      "'@a",
      "'\tx",
      "'\rx",
    ]);
    expect(['a=1', ' =1', "'=1", '', '1-2'].map(guardFormula)).toEqual(['a=1', ' =1', "'=1", '', '1-2']);
  });

  test('in a column of which nobody knows whether it holds text, numbers keep their sign', () => {
    const numbers = ['-5.00', '+1', '-1.234,50', '-5 %', '-', '+44 20 7946 0958', '(5)', '5'];
    expect(numbers.map(guardUnlessNumber)).toEqual(numbers);
    expect(['=1', '-1+1', '+A1', '-5e', '@1', '\t1', "-1'!A1"].map(guardUnlessNumber)).toEqual([
      ...["'=1", "'-1+1", "'+A1", "'-5e", "'@1", "'\t1", "'-1'!A1"],
    ]);
  });
});

/** `SEED=…` repeats a run; otherwise a fresh seed, which is printed. */
function seed(): { seed: number } {
  const chosen = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31));
  console.info(`SEED=${chosen}`);
  return { seed: chosen };
}
