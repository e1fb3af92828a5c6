import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fixedClock } from '../../../src/clock.ts';
import { sha256 } from '../../../src/file/digest.ts';
import type { Batch } from '../../../src/outbound/feed/batch.ts';
import type { FeedContext } from '../../../src/outbound/feed/context.ts';
import type { Encrypt, FileSpec } from '../../../src/outbound/feed/feed.ts';
import { findFeed } from '../../../src/outbound/feed/feeds.ts';
import { exportToDrops, exportToFile } from '../../../src/outbound/feed/manual.ts';
import { prove } from '../../../src/outbound/feed/prove.ts';
import { runFeed } from '../../../src/outbound/feed/run.ts';
import { Secret } from '../../../src/secret.ts';
import { addTransactions, due, makeContext, makeFeed } from '../../feeds.ts';
import { type Gpg, gpgMissing, startGpg } from '../../servers/gpg.ts';
import { entriesOf, unzipMissing, unzipped } from '../../servers/unzip.ts';
import { describeStores } from '../../stores.ts';

const missing = (await gpgMissing()) ?? (await unzipMissing());

const passphrase = 'planted passphrase';
const made = { faked: '20260101T000000' };
let folder: string;
let partner: Gpg;
let us: Gpg;
const keys = { partner: '', archive: '', ours: '', ending: '' };

describe.skipIf(missing !== undefined)('packed files', () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'packed-'));
    [partner, us] = [startGpg(), startGpg()];
    keys.partner = await partner.makeKey('partner <p@partner.example>', made);
    keys.archive = await partner.makeKey('archive <a@partner.example>', { kind: 'rsa2048', ...made });
    keys.ending = await partner.makeKey('ending <e@partner.example>', { ...made, expires: '2026-11-30' });
    keys.ours = await us.makeKey('nightdrop <n@us.example>', { passphrase, signOnly: true, ...made });
    await partner.import(await us.publicKey(keys.ours));
  }, 60_000);
  afterAll(async () => {
    await Promise.all([partner.stop(), us.stop()]);
    rmSync(folder, { recursive: true, force: true });
  });

  const recipient = async (fingerprint: string) => ({ file: 'p.asc', key: await partner.publicKey(fingerprint) });
  const signed = async (): Promise<Encrypt> => ({
    recipients: [await recipient(keys.partner), await recipient(keys.archive)],
    sign: { key: new Secret(await us.privateKey(keys.ours, passphrase)), passphrase: new Secret(passphrase) },
  });
  const frozen = async (ctx: FeedContext, file: Partial<FileSpec>, at = due): Promise<Batch> => {
    const { batch } = await runFeed(ctx, makeFeed({}, file), { due: at, kind: 'schedule' });
    if (!batch) throw new Error('nothing was frozen');
    return batch;
  };
  const bytesOf = (ctx: FeedContext, { spool }: { spool: string }): Buffer => readFileSync(ctx.spool.pathOf(spool));
  /** The same rows as a feed that packs nothing would write them. */
  const plain = async (ctx: FeedContext): Promise<Buffer> => {
    const { batch } = await runFeed(ctx, makeFeed({ name: 'plain' }), { due, kind: 'schedule' });
    if (!batch) throw new Error('nothing was frozen');
    return bytesOf(ctx, batch);
  };
  const orders = (count: number) => Array.from({ length: count }, (_, n) => ({ order_id: `ORD-${n}` }));

  describeStores('a batch', (open) => {
    test('zip: unzip and Python find the plain file in it, with the due time', async () => {
      const ctx = await makeContext(await open());
      await addTransactions(ctx.store, orders(50));
      const batch = await frozen(ctx, { compress: 'zip' });
      expect(batch.fileName).toBe('acme_20261122_000001.csv.zip');
      expect(entriesOf(ctx.spool.pathOf(batch.spool))).toMatchObject([
        { name: 'acme_20261122_000001.csv', time: [2026, 11, 21, 15, 0, 0] },
      ]);
      expect(unzipped(ctx.spool.pathOf(batch.spool)).equals(await plain(ctx))).toBe(true);
      expect(batch.sha256).toBe(sha256(bytesOf(ctx, batch)));
    });

    test('encrypted and signed: what gpg decrypts is the rendered file, and the frozen bytes are the encrypted ones', async () => {
      const ctx = await makeContext(await open());
      await addTransactions(ctx.store, orders(200));
      const batch = await frozen(ctx, { encrypt: await signed(), sidecar: 'sha256' });
      expect(batch.fileName).toBe('acme_20261122_000001.csv.pgp');
      const bytes = bytesOf(ctx, batch);
      expect(batch).toMatchObject({ bytes: bytes.length, sha256: sha256(bytes) });
      const opened = await partner.decrypt(bytes);
      expect(opened.plain.equals(await plain(ctx))).toBe(true);
      expect(opened.status).toMatch(new RegExp(`^\\[GNUPG:\\] VALIDSIG ${keys.ours} `, 'm'));
      expect(opened.status).toContain('acme_20261122_000001.csv');
      await expect(us.decrypt(bytes)).rejects.toThrow(/No secret key/i);
      const [sidecar] = batch.companions;
      expect(sidecar?.fileName).toBe('acme_20261122_000001.csv.pgp.sha256');
      expect(String(bytesOf(ctx, sidecar!))).toBe(`${batch.sha256}  ${batch.fileName}\n`);
      expect(await prove(ctx.store, ctx.spool)).toMatchObject({ ok: true });
    });

    test('compressed first; the batch keeps fingerprints, and nothing of a private key', async () => {
      const ctx = await makeContext(await open());
      await addTransactions(ctx.store, orders(200));
      const batch = await frozen(ctx, { compress: 'gzip', encrypt: await signed() });
      expect(batch.fileName).toBe('acme_20261122_000001.csv.gz.pgp');
      const opened = await partner.decrypt(bytesOf(ctx, batch));
      expect(gunzipSync(opened.plain).equals(await plain(ctx))).toBe(true);
      expect(batch.layout.encryption).toEqual({ recipients: [keys.partner, keys.archive], signer: keys.ours });
      const rows = inspect(await ctx.store.read('batches').select(), { maxStringLength: null });
      expect(rows).not.toMatch(/PRIVATE|BEGIN PGP|planted/);
    });

    test('a name that is taken gets _2, inside as well', async () => {
      const ctx = await makeContext(await open());
      const file = { name: 'a_{due:yyyyMMddHHmm}.csv', compress: 'zip' } as const;
      await addTransactions(ctx.store, orders(1));
      await frozen(ctx, file);
      await addTransactions(
        ctx.store,
        orders(1).map(() => ({ order_id: 'second' })),
      );
      const batch = await frozen(ctx, file, due + 1000);
      expect(batch.fileName).toBe('a_202611220200_2.csv.zip');
      expect(entriesOf(ctx.spool.pathOf(batch.spool))).toMatchObject([{ name: 'a_202611220200_2.csv' }]);
    });

    test('a key that ends while the service runs: the feed is held, and goes on with the renewed key; nothing is lost', async () => {
      const store = await open();
      const soon = { recipients: [await recipient(keys.ending)] };
      const early = await makeContext(store);
      await addTransactions(store, orders(3));
      expect(await frozen(early, { encrypt: soon })).toMatchObject({ rows: 3 });

      const later = due + 14 * 86_400_000;
      const ctx = { ...early, clock: fixedClock(later) };
      await addTransactions(store, [{ order_id: 'late-1' }, { order_id: 'late-2' }]);
      const before = readdirSync(ctx.spool.folder);
      for (let times = 0; times < 2; times++)
        await expect(frozen(ctx, { encrypt: soon }, later)).rejects.toMatchObject({
          code: 'pgp-key',
          next: 'hold',
          object: 'acme-nightly',
          reason: `the key ${keys.ending} expired on 2026-11-30`,
          hint: expect.stringMatching(/^nothing is lost: ask the partner .* reload/),
        });
      expect(readdirSync(ctx.spool.folder)).toEqual(before);
      expect(await findFeed(store.read, 'acme-nightly')).toMatchObject({ number: 1 });

      const renewed = { recipients: [await recipient(keys.partner)] };
      const result = await runFeed(ctx, makeFeed({}, { encrypt: renewed }), { due: later + 60_000, kind: 'schedule' });
      expect(result).toMatchObject({ outcome: 'empty', resumed: [{ number: 2, rows: 2 }] });
      const { plain: text } = await partner.decrypt(bytesOf(ctx, result.resumed[0]!));
      expect(String(text)).toContain('late-2');
    });

    test('each part of a split file is packed by itself', async () => {
      const ctx = await makeContext(await open());
      await addTransactions(ctx.store, orders(5));
      const name = 'acme_{number}_{part}.csv';
      const batch = await frozen(ctx, { name, split: { rows: 2 }, compress: 'zip', encrypt: await signed() });
      const files = [batch, ...batch.companions];
      expect(files.map(({ fileName }) => fileName)).toEqual([1, 2, 3].map((part) => `acme_1_${part}.csv.zip.pgp`));
      for (const [index, file] of files.entries()) {
        const archive = join(folder, `part-${index}.zip`);
        writeFileSync(archive, (await partner.decrypt(bytesOf(ctx, file))).plain);
        expect(entriesOf(archive)).toMatchObject([{ name: `acme_1_${index + 1}.csv` }]);
        expect(String(unzipped(archive)).trim().split('\r\n')).toHaveLength(index < 2 ? 3 : 2);
      }
    });

    test('manual exports are packed too', async () => {
      const ctx = await makeContext(await open());
      await addTransactions(ctx.store, orders(5));
      const frame = { by: 'created', from: 0, to: due } as const;
      const out = join(folder, 'by-hand.zip');
      await exportToFile(ctx, makeFeed({}, { compress: 'zip' }), frame, out);
      expect(entriesOf(out)).toMatchObject([{ name: 'by-hand.csv' }]);
      const batch = await exportToDrops(ctx, makeFeed({}, { compress: 'gzip', encrypt: await signed() }), frame);
      expect(batch.fileName).toMatch(/^acme_20261122_manual_\d{8}T\d{6}\.csv\.gz\.pgp$/);
      expect(batch.layout.encryption).toMatchObject({ signer: keys.ours });
      const { plain: bytes } = await partner.decrypt(bytesOf(ctx, batch));
      expect(gunzipSync(bytes).equals(await plain(ctx))).toBe(true);
    });
  });

  describeStores('the manifest', (open) => {
    test('describes what is sent', async () => {
      const ctx = await makeContext(await open());
      await addTransactions(ctx.store, orders(5));
      const batch = await frozen(ctx, { compress: 'zip', encrypt: await signed(), sidecar: 'manifest' });
      const manifest = JSON.parse(String(bytesOf(ctx, batch.companions[0]!))) as object;
      expect(manifest).toMatchObject({ file: batch.fileName, bytes: batch.bytes, sha256: batch.sha256, rows: 5 });
    });
  });
});
