import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { type Holding, makeBodies } from '../../../src/inbound/mail/mail-body.ts';
import { makeKeepThread } from '../../../src/store/keep-thread.ts';
import { openSpool } from '../../../src/store/spool.ts';

const [kb, mb] = [1024, 1024 ** 2];

const stage = async (holding?: Holding) => {
  const folder = await mkdtemp(join(tmpdir(), 'nightdrop-body-'));
  const bodies = makeBodies(await openSpool(folder), makeKeepThread(folder), holding);
  onTestFinished(async () => {
    await bodies.close();
    await rm(folder, { recursive: true, force: true });
  });
  return { bodies, files: () => readdirSync(folder), kept: (name: string) => readFileSync(join(folder, name)) };
};

/** Blocks of all sizes, each byte known. */
const blocksOf = (size: number, each: number): Buffer[] => {
  const whole = Buffer.from(Array.from({ length: size }, (_, n) => n % 251));
  return Array.from({ length: Math.ceil(size / each) }, (_, n) => whole.subarray(n * each, (n + 1) * each));
};

test('a mail of any size, in blocks of any size, is read and kept as it came', async () => {
  const { bodies, files, kept } = await stage();
  for (const [size, each] of [
    [0, 1],
    [1, 1],
    [16 * kb, 16 * kb],
    [16 * kb + 1, 777],
    [40_000, 1],
    [256 * kb, 64 * kb],
    [256 * kb + 1, 64 * kb],
    [mb, 100_000],
    [mb, mb],
  ] as const) {
    const blocks = blocksOf(size, each);
    const body = bodies.begin();
    for (const block of blocks) await body.write(block);
    const before = files().length;
    expect((await buffer(body.read())).equals(Buffer.concat(blocks))).toBe(true);
    expect((await buffer(body.read())).equals(Buffer.concat(blocks))).toBe(true);
    const name = await body.keep();
    expect(kept(name).equals(Buffer.concat(blocks))).toBe(true);
    await body.drop();
    expect(files()).toContain(name);
    // Small ones were not in the folder before they were kept, large ones as drafts.
    expect([size, files().length - before]).toEqual([size, size > 256 * kb ? 0 : 1]);
  }
  expect(files().filter((name) => name.startsWith('.'))).toEqual([]);
});

test('of many mails at once only so much is held; the others are drafts, and memory that was let go of is used again', async () => {
  const { bodies, files } = await stage({ ofOne: 64 * kb, ofAll: 128 * kb });
  const begin = async () => {
    const body = bodies.begin();
    await body.write(Buffer.alloc(60 * kb));
    return body;
  };
  const some = [await begin(), await begin()];
  expect(files()).toEqual([]);
  const third = await begin();
  expect(files()).toHaveLength(1);
  await third.drop();
  expect(files()).toEqual([]);
  await some[0]?.drop();
  await some[0]?.drop();
  await some[1]?.keep();
  for (const again of [await begin(), await begin()]) await again.keep();
  expect(files().filter((name) => name.startsWith('.'))).toEqual([]);
  expect(files()).toHaveLength(3);
});
