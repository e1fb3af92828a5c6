import { readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ledgerCsv, makePlace, type Place } from './program.ts';

let here: Place;
beforeEach(() => (here = makePlace()));
afterEach(() => here.remove());

interface Deed {
  who: string;
  by: string;
  from: string;
  action: string;
  object: string;
  outcome: string;
}

const file = (name: string, text: string): string => {
  const path = join(here.folder, name);
  writeFileSync(path, text);
  return path;
};

test(
  'what is done at the command line is on the audit list, with the system’s user and what came of it',
  { timeout: 300_000 },
  async () => {
    const run = async (code: number, ...args: string[]): Promise<void> => {
      const ended = await here.run(...args);
      expect({ args, code: ended.code }, ended.stderr).toEqual({ args, code });
    };
    const changes = 'OrderId,ActionTrackerId,Amount,Reason\nNONE,4521,0,OTHER\n';
    await run(0, 'ledger', 'add', file('orders.csv', ledgerCsv(1, 3)));
    await run(0, 'ledger', 'sample', '--count', '2');
    await run(0, 'export', 'acme');
    await run(0, 'export', 'acme', '--from', '2020-01-01', '--to', '2040-01-01', '--out', join(here.folder, 'all.csv'));
    await run(3, 'deliveries', 'resend', '1');
    await run(2, 'deliveries', 'release', '1');
    await run(2, 'deliveries', 'settle', '1', '--reason', 'by mail');
    await run(1, 'submit', file('changes.csv', changes), '--event-type', '4521');
    await run(0, 'submissions', 'result', '1', '--out', join(here.folder, 'result.csv'));
    await run(2, 'submissions', 'release', '1');
    await run(0, 'doctor', 'acme-folder');
    expect(readFileSync(join(here.folder, 'result.csv'), 'utf8')).toContain('ACTION_NOT_FOUND');
    const { stdout } = await here.run('audit', '--json');
    const deeds = (JSON.parse(stdout) as Deed[]).reverse();
    expect(deeds.map(({ action, object, outcome }) => `${action}: ${object}: ${outcome}`)).toEqual([
      'transactions.add: file orders.csv: done',
      'transactions.add: sample of 2: done',
      'feeds.export: feed acme: done',
      'frames.export: feed acme: done',
      'deliveries.resend: delivery 1: done',
      expect.stringMatching(/^deliveries\.release: delivery 1: (?!done|begun)/),
      expect.stringMatching(/^deliveries\.settle: delivery 1: (?!done|begun)/),
      'submissions.submit: submission for 4521: done',
      'submissions.download: submission 1: done',
      expect.stringMatching(/^submissions\.release: submission 1: (?!done|begun)/),
      'drops.examine: drop acme-folder: done',
    ]);
    for (const { who, by, from } of deeds)
      expect({ who, by, from }).toEqual({ who: userInfo().username, by: 'cli', from: 'cli' });
  },
);
