import { randomBytes } from 'node:crypto';
import { type FileHandle, mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gunzipSync } from 'node:zlib';
import { generateKey } from 'openpgp';
import { sha256 } from '../../../src/file/digest.ts';
import { gzip } from '../../../src/file/gzip.ts';
import { pgp } from '../../../src/file/pgp.ts';
import type { Stage } from '../../../src/file/stage.ts';
import { zip } from '../../../src/file/zip.ts';
import { makeSink } from '../../../src/outbound/feed/sink.ts';

const time = Date.now();
const content = { name: 'a.csv', time };

let folder: string;
let encrypted: Stage;
let signed: Stage;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sink-'));
  const user = { userIDs: [{ name: 'p' }], date: new Date(time - 1000) };
  const { publicKey, privateKey } = await generateKey({ ...user, format: 'object' });
  encrypted = pgp({ recipients: [publicKey] }, content);
  signed = pgp({ recipients: [publicKey], signer: privateKey }, content);
});
afterAll(() => rm(folder, { recursive: true }));

const inFile = async <T>(name: string, work: (handle: FileHandle) => Promise<T>): Promise<T> => {
  const handle = await open(join(folder, name), 'w+');
  return work(handle).finally(() => handle.close().catch(() => undefined));
};

const kinds: [string, () => Stage[]][] = [
  ['plain', () => []],
  ['gzip', () => [gzip]],
  ['zip', () => [zip(content)]],
  ['pgp', () => [encrypted]],
  ['pgp, signed', () => [signed]],
  ['gzip and pgp', () => [gzip, encrypted]],
];

/** A disk that is full after so many bytes. */
const fullAfter = (handle: FileHandle, most: number): FileHandle => {
  let written = 0;
  const write = async (chunk: Uint8Array, from: number, length: number) => {
    written += length;
    if (written > most) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
    return handle.write(chunk, from, length);
  };
  return { write } as unknown as FileHandle;
};

describe.each(kinds)('%s', (_, stages) => {
  test('the digest is that of the bytes on disk', async () => {
    const digest = await inFile('digest', async (handle) => {
      const sink = makeSink(handle, stages());
      for (let n = 0; n < 20; n++) await sink.write(randomBytes(100_000));
      return sink.end();
    });
    const bytes = await readFile(join(folder, 'digest'));
    expect(digest).toEqual({ bytes: bytes.length, sha256: sha256(bytes) });
    expect(bytes.length).toBeGreaterThan(1_900_000);
  });

  test('a full disk is heard by the writer, and nobody waits for ever', async () => {
    await inFile('full', async (handle) => {
      const sink = makeSink(fullAfter(handle, 700_000), stages());
      const writing = async () => {
        for (let n = 0; n < 200; n++) await sink.write(randomBytes(100_000));
      };
      await expect(writing()).rejects.toMatchObject({ code: 'ENOSPC' });
      await sink.drop();
    });
  });

  test('what is dropped writes nothing more', async () => {
    await inFile('dropped', async (handle) => {
      const sink = makeSink(handle, stages());
      for (let n = 0; n < 5; n++) await sink.write(randomBytes(100_000));
      await sink.drop();
      await handle.truncate(0);
      await new Promise((resolve) => setImmediate(resolve));
      expect((await handle.stat()).size).toBe(0);
    });
  });
});

test('a slow disk slows the writer down: no more than a few blocks wait', async () => {
  await inFile('slow', async (handle) => {
    let onDisk = 0;
    let proceed: (() => void) | undefined;
    const write = async (chunk: Uint8Array, from: number, length: number) => {
      await new Promise<void>((resolve) => (proceed = resolve));
      onDisk += length;
      return handle.write(chunk, from, length);
    };
    const sink = makeSink({ write } as unknown as FileHandle, [encrypted]);
    let given = 0;
    const writing = (async () => {
      for (let n = 0; n < 100; n++) {
        await sink.write(randomBytes(100_000));
        given += 100_000;
      }
      return sink.end();
    })();
    for (let ahead = 0; given < 5_000_000;) {
      await expect.poll(() => proceed).toBeDefined();
      ahead = Math.max(ahead, given - onDisk);
      expect(ahead).toBeLessThan(2_000_000);
      proceed?.();
      proceed = undefined;
      await new Promise((resolve) => setImmediate(resolve));
    }
    const release = setInterval(() => proceed?.(), 0);
    await writing.finally(() => clearInterval(release));
  });
});

test('files are written in sequence by sinks of their own', async () => {
  for (const name of ['one', 'two']) {
    await inFile(name, async (handle) => {
      const sink = makeSink(handle, [gzip]);
      await sink.write(Buffer.from(name));
      await sink.end();
    });
    expect(String(gunzipSync(await readFile(join(folder, name))))).toBe(name);
  }
});
