import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { digester, digestFile, digestStream, sha256 } from '../../src/file/digest.ts';

const abc = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'; // FIPS 180-2, "abc"

test('text, blocks, a stream and a file have the digest of FIPS 180-2', async () => {
  expect(sha256('abc')).toBe(abc);
  const blocks = digester();
  blocks.update('a');
  blocks.update(Buffer.from('bc'));
  expect(blocks.end()).toEqual({ bytes: 3, sha256: abc });
  const { stream, digest } = digestStream();
  expect(String(await buffer(Readable.from([Buffer.from('ab'), Buffer.from('c')]).pipe(stream)))).toBe('abc');
  expect(digest()).toEqual({ bytes: 3, sha256: abc });
  const folder = mkdtempSync(join(tmpdir(), 'nightdrop-digest-'));
  writeFileSync(join(folder, 'f'), 'abc');
  expect(await digestFile(join(folder, 'f'))).toEqual({ bytes: 3, sha256: abc });
  rmSync(folder, { recursive: true });
});

test('bytes are counted as UTF-8', () => {
  const { update, end } = digester();
  update('é€');
  expect(end().bytes).toBe(5);
});
