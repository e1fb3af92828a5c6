import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { LogPoint } from '../../src/commit-point.ts';
import { messagesToLog } from '../../src/inbound/mail/messages.ts';
import { submissionSpoolNames } from '../../src/inbound/submission/submissions.ts';
import type { Store } from '../../src/store/store.ts';
import { mailWith, makeMailStage, recipient } from '../inbound/mail/stage.ts';
import { describeStores } from '../stores.ts';
import type { LogErrand } from './log-child.ts';

const entry = fileURLToPath(new URL('log-child.ts', import.meta.url));
const cache = fileURLToPath(new URL('../../node_modules/.cache/nightdrop', import.meta.url));

/** Each commit point, and how many submissions there are once a process was killed there; a new one does not compile. */
const written = Object.entries({
  'in 3 begun': 0,
  'in 3 spooled': 0,
  'in 3 before commit': 0,
  'in 3 logged': 4,
} satisfies Record<LogPoint, number>) as [LogPoint, number][];

const urlOf = ({ address }: Store): string => (address.kind === 'sqlite' ? `sqlite:${address.file}` : address.url);

describeStores('killed while a mail is logged', (open) => {
  test('at every commit point, each file is a submission once', { timeout: 300_000 }, async () => {
    const store = await open();
    const { spool, accept, log, submissions, spoolNames } = await makeMailStage(store);
    const recipients = [recipient(), recipient({ recipient: 'b@in.example.test', eventTypeId: 4600, refusal: 'No.' })];
    const id = await accept(mailWith(['a.csv', 'x'], ['b.csv', 'y']), recipients);
    for (const [at, submissionsThen] of written) {
      const errand: LogErrand = { url: urlOf(store), spool: spool.folder, at };
      const env = { ...process.env, NODE_COMPILE_CACHE: cache };
      const child = spawn(process.execPath, [entry, JSON.stringify(errand)], {
        env,
        stdio: ['ignore', 'ignore', 'inherit'],
      });
      const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
      expect({ at, code, signal }).toEqual({ at, code: null, signal: 'SIGKILL' });
      expect(await submissions()).toHaveLength(submissionsThen);
    }
    expect(await log(id)).toBeUndefined();
    expect(await messagesToLog(store.read, 9)).toEqual([]);
    const found = await submissions();
    expect(found.map(({ fileName, eventTypeId }) => `${fileName} ${eventTypeId}`).sort()).toEqual([
      'a.csv 4521',
      'a.csv 4600',
      'b.csv 4521',
      'b.csv 4600',
    ]);
    expect(await spoolNames()).toEqual(expect.arrayContaining([...(await submissionSpoolNames(store.read))]));
  });
});
