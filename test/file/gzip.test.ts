import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { gzip } from '../../src/file/gzip.ts';
import { chunks } from './chunks.ts';

test('gzip gives the same bytes each time, without a time in the header', async () => {
  const pack = () => buffer(gzip(chunks('a,b\r\n', '1,2\r\n')));
  const packed = await pack();
  expect(packed.subarray(4, 8)).toEqual(Buffer.alloc(4));
  expect(await pack()).toEqual(packed);
  expect(String(gunzipSync(packed))).toBe('a,b\r\n1,2\r\n');
});
