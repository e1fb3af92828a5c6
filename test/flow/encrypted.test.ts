import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { DropSpec } from '../../src/drop/drop.ts';
import { sha256 } from '../../src/file/digest.ts';
import { deliverNow } from '../../src/outbound/delivery/deliver.ts';
import type { Encrypt } from '../../src/outbound/feed/feed.ts';
import { runFeed } from '../../src/outbound/feed/run.ts';
import { Secret } from '../../src/secret.ts';
import { addTransactions } from '../feeds.ts';
import { type Gpg, gpgMissing, startGpg } from '../servers/gpg.ts';
import { type Proxy, startProxy } from '../servers/proxy.ts';
import { sshdMissing, startSshd, type Sshd } from '../servers/sshd.ts';
import { describeStores } from '../stores.ts';
import { feed, openLine } from './line.ts';
import { sftpSpec } from '../drop/sftp/stage.ts';

const missing = (await sshdMissing()) ?? (await gpgMissing());

describe.skipIf(missing !== undefined)('an encrypted file at a real SFTP server', () => {
  let server: Sshd;
  let proxy: Proxy;
  let partner: Gpg;
  let us: Gpg;
  let encrypt: Encrypt;
  let signer: string;
  beforeAll(async () => {
    server = await startSshd();
    proxy = await startProxy(server.port);
    [partner, us] = [startGpg(), startGpg()];
    const made = { faked: '20260101T000000' };
    const theirs = await partner.makeKey('partner', made);
    signer = await us.makeKey('us', { passphrase: 'planted', signOnly: true, ...made });
    await partner.import(await us.publicKey(signer));
    encrypt = {
      recipients: [{ file: 'partner.asc', key: await partner.publicKey(theirs) }],
      sign: { key: new Secret(await us.privateKey(signer, 'planted')), passphrase: new Secret('planted') },
    };
  }, 60_000);
  afterAll(async () => {
    await proxy.close();
    await Promise.all([server.stop(), partner.stop(), us.stop()]);
  });

  const spec = (): DropSpec => sftpSpec(server, { name: 'partner', port: proxy.port });

  describeStores('with', (open) => {
    test('is cut off and sent again: the same bytes, and gpg opens them', async () => {
      for (const name of readdirSync(server.folder)) rmSync(join(server.folder, name));
      const { address } = await open();
      const url = address.kind === 'sqlite' ? `sqlite:${address.file}` : address.url;
      const spool = mkdtempSync(join(tmpdir(), 'nightdrop-spool-'));
      onTestFinished(() => rmSync(spool, { recursive: true, force: true }));
      const line = await openLine({ url, spool, drop: spec() });
      onTestFinished(() => line.close());
      const rows = Array.from({ length: 2000 }, (_, n) => ({ order_id: `ORD-${n}` }));
      await addTransactions(line.store, rows);
      const encrypted = { ...feed, file: { ...feed.file, compress: 'none' as const, encrypt } };
      const { batch } = await runFeed(line, encrypted, { due: line.clock.now(), kind: 'hand' });
      const frozen = readFileSync(line.spool.pathOf(batch!.spool));

      proxy.cutAfter('up', 20_000);
      expect(await deliverNow(line, {})).toMatchObject([{ state: 'pending', attempts: 1 }]);
      expect(readdirSync(server.folder)).not.toContain(batch!.fileName);
      proxy.release();
      expect(await deliverNow(line, {})).toMatchObject([{ state: 'delivered', attempts: 2 }]);

      expect(readdirSync(server.folder)).toEqual(['nightly_000001.csv.pgp']);
      const sent = readFileSync(join(server.folder, batch!.fileName));
      expect(sent.equals(frozen)).toBe(true);
      expect(sha256(sent)).toBe(batch!.sha256);
      const { plain, status } = await partner.decrypt(sent);
      expect(
        String(plain)
          .split('\n')
          .filter((row) => row.includes('ORD-')),
      ).toHaveLength(rows.length);
      expect(status).toMatch(new RegExp(`^\\[GNUPG:\\] VALIDSIG ${signer} `, 'm'));
    });
  });
});
