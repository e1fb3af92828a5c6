import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { zip } from '../../src/file/zip.ts';
import { entriesOf, unzipMissing, unzipped } from '../servers/unzip.ts';
import { chunks } from './chunks.ts';

const time = Date.parse('2026-11-21T15:00:04Z');
const entry = { name: 'acme_20261122.csv', time };

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'zip-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const packed = async (content: Uint8Array[], given = entry): Promise<string> => {
  const path = join(folder, `${randomBytes(8).toString('hex')}.zip`);
  await pipeline(Readable.from(zip(given)(chunks(...content))), createWriteStream(path));
  return path;
};

const missing = await unzipMissing();

describe.skipIf(missing !== undefined)('a zip archive', () => {
  test('unzip and Python find one entry with the plain name, the time in UTC, and the bytes', async () => {
    const content = [Buffer.from('orderId,Amount\r\n'), randomBytes(300_000), Buffer.from('Köln\r\n')];
    const path = await packed(content);
    expect(unzipped(path)).toEqual(Buffer.concat(content));
    const bytes = Buffer.concat(content).length;
    expect(entriesOf(path)).toEqual([
      { name: entry.name, time: [2026, 11, 21, 15, 0, 4], bytes, mode: 0o100644, needs: 20 },
    ]);
    execFileSync('unzip', ['-q', '-d', folder, path]);
    const seen = execFileSync('stat', ['-c', '%Y', join(folder, entry.name)], { encoding: 'utf8' });
    expect(Number(seen) * 1000).toBe(time);
  });

  test('an empty file and a name beyond ASCII', async () => {
    const path = await packed([], { name: 'Köln 東京.csv', time });
    expect(entriesOf(path)).toMatchObject([{ name: 'Köln 東京.csv', bytes: 0 }]);
  });
});

test('the same bytes, name and time give the same archive in any zone and however they are cut', async () => {
  const whole = randomBytes(200_000);
  const one = await buffer(zip(entry)(chunks(whole)));
  const zone = process.env['TZ'];
  process.env['TZ'] = 'Asia/Tokyo';
  try {
    expect(new Date(time).getHours()).toBe(0); // the zone is in force
    const other = await buffer(zip(entry)(chunks(whole.subarray(0, 77_777), whole.subarray(77_777))));
    expect(other.equals(one)).toBe(true);
  } finally {
    if (zone === undefined) delete process.env['TZ'];
    else process.env['TZ'] = zone;
  }
});

test('an error of the source reaches the reader', async () => {
  async function* failing(): AsyncGenerator<Uint8Array> {
    yield* chunks('orderId\r\n');
    throw new Error('the source failed');
  }
  await expect(buffer(zip(entry)(failing()))).rejects.toThrow('the source failed');
});

test('a reader who stops ends the source', async () => {
  let ended = false;
  async function* endless(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) yield* chunks(randomBytes(100_000));
    } finally {
      ended = true;
    }
  }
  for await (const _ of zip(entry)(endless())) break;
  await expect.poll(() => ended).toBe(true);
});
