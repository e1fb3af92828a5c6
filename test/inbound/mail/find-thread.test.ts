import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { type FindThreadOptions, makeFindThread } from '../../../src/inbound/mail/find-thread.ts';
import { spoolFile } from '../../../src/inbound/submission/accept.ts';
import { openSpool } from '../../../src/store/spool.ts';
import { mailWith } from './stage.ts';

const makePlace = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'nightdrop-find-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const spool = await openSpool(folder);
  const thread = (options: FindThreadOptions = {}) => {
    const made = makeFindThread({ spoolFolder: folder }, options);
    onTestFinished(() => made.close());
    return made;
  };
  const keep = async (raw: Buffer) => (await spoolFile(spool, Readable.from([raw]))).spool;
  /** A worker of our own, which does with a message what its text says. */
  const worker = async (code: string): Promise<URL> => {
    const path = join(folder, 'worker.mjs');
    await writeFile(
      path,
      `import { parentPort } from 'node:worker_threads';\n${code}\nparentPort.postMessage({ kind: 'ready' });`,
    );
    return pathToFileURL(path);
  };
  return { thread, keep, worker };
};

test('messages are taken apart in another thread; its faults come back', async () => {
  const { thread, keep } = await makePlace();
  const { findFiles } = thread();
  const found = await findFiles(await keep(mailWith(['a.csv', 'x'])));
  expect(found.files.map(({ name, bytes }) => [name, bytes])).toEqual([['a.csv', 1]]);
  const cut = await keep(mailWith(['a.csv', 'x']).subarray(0, -20));
  await expect(findFiles(cut)).rejects.toMatchObject({ code: 'cut-off', next: 'refuse' });
  await expect(findFiles('0'.repeat(32))).rejects.toMatchObject({ code: 'missing', next: 'hold' });
});

test.each([
  ['throws where nobody can catch it', "setImmediate(() => { throw new Error('gone'); })", {}],
  ['ends its thread', 'process.exit(1)', {}],
  ['takes all memory', 'const kept = []; for (;;) kept.push(new Array(1e5).fill({}))', { heapMb: 24 }],
  ['never ends', 'for (;;);', { limitMs: 300 }],
])('a message that %s is refused, and the next one is read', { timeout: 60_000 }, async (_, deed, options) => {
  const { thread, worker } = await makePlace();
  const found = `{ kind: 'found', found: { files: [], aside: [] } }`;
  const entry = await worker(
    `parentPort.on('message', ({ raw }) => { if (raw === 'bad') { ${deed} } else parentPort.postMessage(${found}); });`,
  );
  const { findFiles } = thread({ ...options, entry });
  await expect(findFiles('bad')).rejects.toMatchObject({ code: 'ends-reader', next: 'refuse' });
  if (!('limitMs' in options)) expect(await findFiles('good')).toEqual({ files: [], aside: [] });
});

test('a message that takes its thread down once is read the second time', async () => {
  const { thread, worker } = await makePlace();
  const entry = await worker(
    `import { existsSync, writeFileSync } from 'node:fs';
    parentPort.on('message', ({ raw }) => {
      if (!existsSync(raw)) { writeFileSync(raw, ''); process.exit(1); }
      parentPort.postMessage({ kind: 'found', found: { files: [], aside: [] } });
    });`,
  );
  const { findFiles } = thread({ entry });
  const path = join(await mkdtemp(join(tmpdir(), 'nightdrop-find-')), 'once');
  onTestFinished(() => rm(join(path, '..'), { recursive: true, force: true }));
  expect(await findFiles(path)).toEqual({ files: [], aside: [] });
});

test('a message in hand when the process ends is left for the next start', async () => {
  const { thread, worker } = await makePlace();
  const entry = await worker(`parentPort.on('message', () => undefined);`);
  const { findFiles, close } = thread({ entry });
  const reading = findFiles('x');
  void close();
  await expect(reading).rejects.toMatchObject({ code: 'stopping', next: 'retry' });
  await expect(findFiles('x')).rejects.toMatchObject({ code: 'stopping' });
});

test('a thread that does not start is no fault of the message', async () => {
  const { thread, worker } = await makePlace();
  const { findFiles } = thread({ entry: await worker("throw new Error('not installed');") });
  await expect(findFiles('x')).rejects.toMatchObject({ code: 'thread-start', next: 'retry', reason: 'not installed' });
});
