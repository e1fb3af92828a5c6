import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import type { Drop } from '../../../src/drop/drop.ts';
import { sha256 } from '../../../src/file/digest.ts';
import { readBack } from '../../../src/outbound/delivery/look.ts';

const block = Buffer.alloc(1_000, 'a');

/** A drop that can only be read from. */
const reading = (source: Readable) => ({ fetch: () => Promise.resolve(source) }) as Pick<Drop, 'fetch'> as Drop;

test('a file is read back to its end', async () => {
  const source = Readable.from([block, block], { objectMode: false });
  expect(await readBack(reading(source), 'orders.csv', 2_000)).toBe(sha256(Buffer.concat([block, block])));
});

test('a file that does not end is left when it is longer than ours, with another digest', async () => {
  const endless = new Readable({ read: () => void endless.push(block) });
  expect(await readBack(reading(endless), 'orders.csv', 2_000)).not.toBe(sha256(Buffer.concat([block, block])));
  expect(endless.destroyed).toBe(true);
});
