import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Batch } from '../../../src/outbound/feed/batch.ts';
import type { Column, FileSpec } from '../../../src/outbound/feed/feed.ts';
import { runFeed } from '../../../src/outbound/feed/run.ts';
import { addTransactions, due, makeContext, makeFeed, type TransactionRow } from '../../feeds.ts';
import { describeStores } from '../../stores.ts';

const folder = new URL('../../../fixtures/golden/', import.meta.url).pathname;

/** Values that are easy to get wrong and that Western encodings have. */
const western: TransactionRow[] = [
  { order_id: '0001', amount: 1250, first_name: 'Zoë', city: 'Köln', custom: '{"note":"5 € – „so“"}' },
  { order_id: '2581697744617019994', amount: -1250, first_name: 'O"Brien', city: 'a;b,c', custom: '{"note":"…"}' },
  { order_id: '=1+1', amount: 9007199254740993n, currency: 'BHD', first_name: '', city: 'Œuvre Ÿ', custom: '{}' },
  { order_id: 'x', amount: -5, currency: 'JPY', first_name: ' Ann ', city: 'ÿ\u00a0þ', custom: '{"note":"Š™"}' },
];
/** Values that only Unicode has, and line ends. */
const anywhere: TransactionRow[] = [
  ...western,
  {
    order_id: '東京 \u2028 \u2029',
    amount: 1,
    first_name: 'a\r\nb',
    city: '😀',
    custom: '{"note":"tab\\t \\"q\\" \\\\"}',
  },
];
const latin = western.map(({ custom: _, ...row }) => ({ ...row, city: 'Køge ÿ', custom: '{"note":"£"}' }));

const columns: Column[] = [
  { header: 'Bestell;nummer', field: 'orderId' },
  { header: 'Betrag', field: 'amount' },
  { header: 'Vorname', field: 'firstName' },
  { header: 'Ort', field: 'city' },
  { header: 'Note', field: 'custom.note', empty: '-' },
];
const widths: Column[] = [
  { header: 'OrderId', field: 'orderId', width: 20 },
  { header: 'Amount', field: 'amount', width: 18, align: 'right', pad: '0' },
  { header: 'FirstName', field: 'firstName', width: 5, overflow: 'cut', pad: '_' },
  { header: 'City', field: 'city', width: 8, align: 'right' },
];

interface Golden {
  rows: TransactionRow[];
  spec: Partial<FileSpec>;
  /** How Python reads it: its codec, and the rest of what a partner would be told. */
  reader: { codec: string; delimiter?: string; widths?: number[]; ndjson?: true };
}

const goldens: Record<string, Golden> = {
  'windows-1252.csv': {
    rows: western,
    spec: { columns, encoding: 'windows-1252', delimiter: ';' },
    reader: { codec: 'cp1252', delimiter: ';' },
  },
  'iso-8859-1.csv': {
    rows: latin,
    spec: { columns, encoding: 'iso-8859-1', lineEnd: '\n' },
    reader: { codec: 'latin-1', delimiter: ',' },
  },
  'utf-16le-bom.csv': {
    rows: anywhere,
    spec: { columns, encoding: 'utf-16le', bom: true, delimiter: '\t' },
    reader: { codec: 'utf-16', delimiter: '\t' },
  },
  'utf-16le.csv': {
    rows: anywhere,
    spec: { columns, encoding: 'utf-16le' },
    reader: { codec: 'utf-16-le', delimiter: ',' },
  },
  'quoted-bom.csv': {
    rows: anywhere,
    spec: { columns, quote: 'always', bom: true },
    reader: { codec: 'utf-8-sig', delimiter: ',' },
  },
  'fixed.txt': {
    rows: western,
    spec: { columns: widths, format: 'fixed', header: true },
    reader: { codec: 'utf-8', widths: [20, 18, 5, 8] },
  },
  'fixed-windows-1252.txt': {
    rows: western,
    spec: { columns: widths, format: 'fixed', header: true, encoding: 'windows-1252', lineEnd: '\n' },
    reader: { codec: 'cp1252', widths: [20, 18, 5, 8] },
  },
  'objects.ndjson': {
    rows: anywhere,
    spec: { columns, format: 'ndjson', header: false, lineEnd: '\n' },
    reader: { codec: 'utf-8', ndjson: true },
  },
};

/** Reads a file as a partner would who knows nothing of us: the values, with headers as the first row. */
const python = (path: string, reader: Golden['reader']): string[][] => {
  const script = `
import codecs, csv, io, json, sys
path, how = sys.argv[1], json.loads(sys.argv[2])
text = codecs.decode(open(path, 'rb').read(), how['codec'])
if how.get('ndjson'):
    rows = [json.loads(line) for line in text.splitlines()]
    out = [list(rows[0])] + [list(row.values()) for row in rows]
elif 'widths' in how:
    out = []
    for line in text.replace('\\r\\n', '\\n').split('\\n')[:-1]:
        cells = []
        for width in how['widths']:
            cells.append(line[:width]); line = line[width:]
        assert line == ''
        out.append(cells)
else:
    out = list(csv.reader(io.StringIO(text, newline=''), delimiter=how['delimiter'], strict=True))
print(json.dumps(out))`;
  return JSON.parse(execFileSync('python3', ['-c', script, path, JSON.stringify(reader)]).toString()) as string[][];
};

const fixedAsWritten = ([order, amount, name, city]: string[]): string[] => {
  const [, sign = '', digits = ''] = /^(-?)(.*)$/.exec(amount!) ?? [];
  const filled = sign + digits.padStart(18 - sign.length, '0');
  return [order!.padEnd(20), filled, name!.slice(0, 5).padEnd(5, '_'), city!.padStart(8)];
};

describeStores('golden files of other formats', (open) => {
  const freeze = async (rows: TransactionRow[], spec: Partial<FileSpec>) => {
    const ctx = await makeContext(await open());
    await addTransactions(
      ctx.store,
      rows.map((row, i) => ({ public_id: `1000.4521.${i}`, ...row })),
    );
    const { batch } = await runFeed(ctx, makeFeed({}, spec), { due, kind: 'schedule' });
    return { ctx, batch: batch! };
  };

  /** Rewriting one is a decision: GOLDEN=write npm test -- golden, then read the diff. */
  const compare = (spooled: string, file: string): void => {
    const bytes = readFileSync(spooled);
    if (process.env['GOLDEN'] === 'write') writeFileSync(join(folder, file), bytes);
    expect(bytes.toString('latin1')).toBe(readFileSync(join(folder, file)).toString('latin1'));
  };

  test.each(Object.entries(goldens))(
    '%s, byte for byte, and Python reads what the plain file says',
    async (file, golden) => {
      const { ctx, batch } = await freeze(golden.rows, golden.spec);
      compare(ctx.spool.pathOf(batch.spool), file);
      const { format: _f, encoding: _e, quote: _q, ...plain } = golden.spec;
      const other = await freeze(golden.rows, { ...plain, header: true, bom: false, delimiter: ',', lineEnd: '\r\n' });
      const said = python(other.ctx.spool.pathOf(other.batch.spool), { codec: 'utf-8', delimiter: ',' });
      const expected = golden.reader.widths ? said.map(fixedAsWritten) : said;
      expect(python(join(folder, file), golden.reader)).toEqual(expected);
    },
  );

  test('a split batch with manifest, digests and marker, byte for byte', async () => {
    const spec: Partial<FileSpec> = { columns, name: 'split_{number:03}_{part:02}.csv', split: { rows: 2 }, bom: true };
    const manifest = await freeze(anywhere, { ...spec, sidecar: 'manifest', marker: 'split_{number:03}.done' });
    const digests = await freeze(anywhere, { ...spec, sidecar: 'sha256' });
    const place = mkdtempSync(join(tmpdir(), 'nightdrop-split-'));
    onTestFinished(() => rmSync(place, { recursive: true }));
    const filesOf = (batch: Batch) => [batch, ...batch.companions];
    const names = ['split_001_01.csv', 'split_001_02.csv', 'split_001_03.csv'];
    expect(filesOf(manifest.batch).map(({ fileName }) => fileName)).toEqual([
      ...names,
      'split_001_01.csv.manifest.json',
      'split_001.done',
    ]);
    expect(filesOf(digests.batch).map(({ fileName }) => fileName)).toEqual([...names, 'split_001_01.csv.sha256']);
    for (const { ctx, batch } of [manifest, digests])
      for (const file of filesOf(batch)) {
        compare(ctx.spool.pathOf(file.spool), file.fileName);
        copyFileSync(ctx.spool.pathOf(file.spool), join(place, file.fileName));
      }
    const checked = execFileSync('sha256sum', ['-c', '--strict', 'split_001_01.csv.sha256'], { cwd: place });
    expect(String(checked)).toBe(names.map((name) => `${name}: OK\n`).join(''));
    const read = (name: string) => python(join(place, name), { codec: 'utf-8-sig', delimiter: ',' });
    const [header] = read(names[0]!);
    expect(names.map((name) => read(name).length)).toEqual([3, 3, 2]);
    for (const name of names) expect(read(name)[0]).toEqual(header);
    const whole = await freeze(anywhere, { columns, bom: true });
    const rows = python(whole.ctx.spool.pathOf(whole.batch.spool), { codec: 'utf-8-sig', delimiter: ',' });
    expect(names.flatMap((name) => read(name).slice(1))).toEqual(rows.slice(1));
  });
});
