import { cpus, totalmem } from 'node:os';
import { readFile, writeFile } from 'node:fs/promises';
import { tuneEngine } from '../../src/cli/engine.ts';
import { freezeRows } from './freeze.ts';
import { ftpsRows } from './ftps.ts';
import { ingestRows } from './ingest.ts';
import type { BenchRow } from './row.ts';
import { sftpRows } from './sftp.ts';
import { pagesRows } from './pages.ts';
import { smtpRows } from './smtp.ts';

/** `npm run bench [freeze] [sftp] [ftps] [ingest] [smtp] [pages]`: measures, prints the table, and keeps it in the README beside this file. */
const suites: Record<string, () => Promise<BenchRow[]>> = {
  freeze: freezeRows,
  sftp: sftpRows,
  ftps: ftpsRows,
  ingest: ingestRows,
  smtp: smtpRows,
  pages: pagesRows,
};

// As the program does.
tuneEngine();

const asked = process.argv.slice(2);
const chosen = Object.entries(suites).filter(([name]) => asked.length === 0 || asked.includes(name));

const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;
const line = (cells: string[]): string => `| ${cells.join(' | ')} |`;
const tableRow = ({ work, oursMs, peer, peerMs, ratio, budget, met, note }: BenchRow): string =>
  line([work, seconds(oursMs), peer, seconds(peerMs), ratio.toFixed(2), budget, met ? 'yes' : '**no**', note ?? '']);

const rows: BenchRow[] = [];
for (const [name, measure] of chosen) {
  process.stdout.write(`measuring ${name} …\n`);
  rows.push(...(await measure()));
}
const table = [
  line(['work', 'ours', 'peer', "the peer's", 'ratio', 'budget', 'met', 'note']),
  line(Array.from({ length: 8 }, () => '---')),
  ...rows.map(tableRow),
].join('\n');
process.stdout.write(`${table}\n`);

if (asked.length === 0) {
  const readme = new URL('README.md', import.meta.url);
  const machine = `${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}`;
  const text = await readFile(readme, 'utf8');
  const [before = '', rest = ''] = text.split('<!-- table -->');
  const after = rest.split('<!-- end -->')[1] ?? '';
  await writeFile(readme, `${before}<!-- table -->\n${machine}\n\n${table}\n<!-- end -->${after}`);
}
process.exitCode = rows.every(({ met }) => met) ? 0 : 1;
