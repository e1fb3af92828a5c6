import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { asFault } from '../../../src/fault.ts';
import { plainName } from '../../../src/inbound/mail/candidates.ts';
import { type Found, fileLimits, findFiles } from '../../../src/inbound/mail/found-files.ts';
import { unsafeReason } from '../../../src/safe-name.ts';
import { openSpool } from '../../../src/store/spool.ts';
import { openStore } from '../../../src/store/open-store.ts';
import { readMails } from './mails.ts';
import { makeMailStage, recipient } from './stage.ts';

const words = ['\r\n', '\n', '--b', '--b--', '--b\r\n', ' ', ';', '"', ': ', '=?utf-8?Q?=C3?=', '\0', '\ufffd'];
const headers = [
  'Content-Type: multipart/mixed; boundary=b\r\n',
  'Content-Type: message/rfc822\r\n',
  'Content-Type: text/csv; name="a.csv"\r\n',
  'Content-Type: application/zip; name=a.zip\r\n',
  'Content-Transfer-Encoding: base64\r\n',
  'Content-Transfer-Encoding: quoted-printable\r\n',
  "Content-Disposition: attachment; filename*=x'y'%ZZ.csv\r\n",
];

/** Texts that look like mail, in any order. */
const grammar = fc
  .array(fc.oneof(fc.constantFrom(...words), fc.constantFrom(...headers), fc.string({ maxLength: 12 })), {
    maxLength: 60,
  })
  .map((pieces) => Buffer.from(pieces.join('')));

/** Real mails with pieces cut out, doubled or written over. */
const spoilt = (mails: readonly Buffer[]) =>
  fc
    .tuple(
      fc.constantFrom(...mails),
      fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.uint8Array({ maxLength: 8 }), fc.nat(40)), {
        maxLength: 6,
      }),
    )
    .map(([mail, edits]) =>
      edits.reduce((bytes, [at, insert, skip]) => {
        const from = Math.floor(at * bytes.length);
        return Buffer.concat([bytes.subarray(0, from), insert, bytes.subarray(from + skip)]);
      }, mail),
    );

const anyMessage = () => {
  const small = [...readMails().values()].filter(({ length }) => length < 20_000);
  return fc.oneof(
    fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)),
    grammar,
    spoilt(small),
  );
};

/** Chunks of any size, as a disk or a network gives them. */
const inChunks = (raw: Buffer, size: number): Readable =>
  Readable.from(Array.from({ length: Math.ceil(raw.length / size) }, (_, i) => raw.subarray(i * size, (i + 1) * size)));

test('any bytes are taken apart, or refused as a message; every name is safe', { timeout: 300_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'nightdrop-any-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const spool = await openSpool(folder);
  const limits = { ...fileLimits, unpackedBytes: 1_000_000 };
  await fc.assert(
    fc.asyncProperty(anyMessage(), fc.constantFrom(1, 7, 64, 65_536), async (raw, size) => {
      const found: Found = await findFiles(spool, inChunks(raw, size), limits).catch((error: unknown) => {
        expect(asFault(error, 'read', 'it').next).toBe('refuse');
        return { files: [], aside: [] };
      });
      for (const { name, trouble } of found.files)
        expect(trouble === null ? unsafeReason(name) : undefined).toBeUndefined();
    }),
    { numRuns: 150 },
  );
});

test('whatever was accepted leaves an entry in the log', { timeout: 300_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'nightdrop-any-'));
  const store = await openStore(`sqlite:${join(folder, 'any.db')}`, '/');
  onTestFinished(async () => {
    await store.close();
    await rm(folder, { recursive: true, force: true });
  });
  const { accept, log } = await makeMailStage(store);
  await fc.assert(
    fc.asyncProperty(anyMessage(), async (raw) => {
      const ids = await log(await accept(raw, [recipient()]));
      expect(ids?.length).toBeGreaterThan(0);
    }),
    { numRuns: 20 },
  );
});

test('any name becomes one that can be shown and kept', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 600 }), (name) => {
      const plain = plainName(name);
      expect(['', '.', '..'].includes(plain) || unsafeReason(`result_${plain}`) === undefined).toBe(true);
      expect([...plain].length).toBeLessThanOrEqual(150);
    }),
  );
});
