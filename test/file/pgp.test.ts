import { randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type KeyRead, openRecipient, openSigner, type UsableKey } from '../../src/file/pgp-key.ts';
import { pgp } from '../../src/file/pgp.ts';
import { type Gpg, gpgMissing, startGpg } from '../servers/gpg.ts';
import { chunks } from './chunks.ts';

const missing = await gpgMissing();

/** The keys are made while this runs, so "now" lies a little after it. */
const now = Date.now() + 60_000;

const usable = <K>(read: KeyRead<K>): UsableKey<K> => {
  if ('usable' in read) return read.usable;
  throw new Error(read.problem.message);
};
const problem = <K>(read: KeyRead<K>) => ('problem' in read ? read.problem : undefined);

describe.skipIf(missing !== undefined)('what is encrypted here, gpg reads', () => {
  let partner: Gpg;
  let us: Gpg;
  let curve: string;
  let rsa: string;
  let signing: string;
  const passphrase = 'planted passphrase';
  beforeAll(async () => {
    [partner, us] = [startGpg(), startGpg()];
    curve = await partner.makeKey('partner <p@partner.example>');
    rsa = await partner.makeKey('archive <a@partner.example>', { kind: 'rsa2048' });
    signing = await us.makeKey('nightdrop <n@us.example>', { passphrase, signOnly: true });
    await partner.import(await us.publicKey(signing));
  }, 60_000);
  afterAll(() => Promise.all([partner.stop(), us.stop()]));

  const recipient = async (fingerprint: string) =>
    usable(await openRecipient(await partner.publicKey(fingerprint), now)).key;
  const signer = async () => usable(await openSigner(await us.privateKey(signing, passphrase), passphrase, now)).key;
  const content = { name: 'acme_1.csv.gz', time: now };

  test.each(['curve25519', 'rsa2048'])('for a key of kind %s', async (kind) => {
    const plain = [Buffer.from('orderId\r\n'), randomBytes(500_000)];
    const recipients = [await recipient(kind === 'rsa2048' ? rsa : curve)];
    const bytes = await buffer(pgp({ recipients }, content)(chunks(...plain)));
    const opened = await partner.decrypt(bytes);
    expect(opened.plain.equals(Buffer.concat(plain))).toBe(true);
    // The protection that gpg 2.2 knows, the name and time inside, and no signature.
    expect(opened.status).toMatch(/^\[GNUPG:\] GOODMDC$/m);
    expect(opened.status).toContain(`PLAINTEXT 62 ${Math.floor(now / 1000)} acme_1.csv.gz`);
    expect(opened.status).not.toMatch(/SIG/);
  });

  test('for several, each of whom can open it alone; signed inside', async () => {
    const recipients = [await recipient(curve), await recipient(rsa)];
    const bytes = await buffer(pgp({ recipients, signer: await signer() }, content)(chunks('a,b\r\n')));
    for (const fingerprint of [curve, rsa]) {
      const alone = startGpg();
      try {
        await alone.import(await partner.privateKey(fingerprint));
        await alone.import(await us.publicKey(signing));
        const { plain, status } = await alone.decrypt(bytes);
        expect(String(plain)).toBe('a,b\r\n');
        expect(status).toMatch(/^\[GNUPG:\] GOODSIG /m);
        expect(status).toMatch(new RegExp(`^\\[GNUPG:\\] VALIDSIG ${signing} `, 'm'));
      } finally {
        await alone.stop();
      }
    }
  });

  test('an empty file too', async () => {
    const keys = { recipients: [await recipient(curve)], signer: await signer() };
    const { plain, status } = await partner.decrypt(await buffer(pgp(keys, content)(chunks())));
    expect(plain).toHaveLength(0);
    expect(status).toMatch(/GOODSIG/);
  });

  test('nobody else can open it, and a changed byte is noticed', async () => {
    const bytes = await buffer(pgp({ recipients: [await recipient(curve)] }, content)(chunks('a,b\r\n')));
    await expect(us.decrypt(bytes)).rejects.toThrow(/No secret key/i);
    bytes[bytes.length - 30] = (bytes[bytes.length - 30] ?? 0) ^ 1;
    await expect(partner.decrypt(bytes)).rejects.toThrow(/gpg ended with/);
  });

  test('an error of the source reaches the reader', async () => {
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield* chunks(randomBytes(200_000));
      throw new Error('the source failed');
    }
    const keys = { recipients: [await recipient(curve)], signer: await signer() };
    await expect(buffer(pgp(keys, content)(failing()))).rejects.toThrow('the source failed');
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
    for await (const _ of pgp({ recipients: [await recipient(curve)] }, content)(endless())) break;
    await expect.poll(() => ended).toBe(true);
  });
});

describe.skipIf(missing !== undefined)('a key is refused with its fingerprint, the reason and the date', () => {
  let gpg: Gpg;
  beforeAll(() => {
    gpg = startGpg();
  });
  afterAll(() => gpg.stop());
  const asRecipient = (key: string, at = now) => openRecipient(key, at);

  test('a good one says when it ends; armored and binary are the same', async () => {
    const fingerprint = await gpg.makeKey('good', { faked: '20260101T000000', expires: '2027-01-31' });
    const read = usable(await asRecipient(await gpg.publicKey(fingerprint)));
    expect(read).toMatchObject({ fingerprint, expires: Date.parse('2027-01-31T12:00:00Z') });
    const armored = await gpg.publicKey(fingerprint);
    const body = armored.replace(/^-.*$|^=.*$/gm, '');
    expect(usable(await asRecipient(Buffer.from(body, 'base64').toString('latin1'))).fingerprint).toBe(fingerprint);
  });

  test('expired, and expired later while nobody looked', async () => {
    const fingerprint = await gpg.makeKey('old', { faked: '20260101T000000', expires: '30d' });
    const key = await gpg.publicKey(fingerprint);
    expect(problem(await asRecipient(key))?.message).toBe(`the key ${fingerprint} expired on 2026-01-31`);
    expect(problem(await asRecipient(key, Date.parse('2026-01-30T00:00:00Z')))).toBeUndefined();
  });

  test('only its encryption subkey has expired', async () => {
    const fingerprint = await gpg.makeKey('half', { signOnly: true, faked: '20260101T000000' });
    await gpg.run('--faked-system-time', '20260101T000000', '--passphrase', '', '--quick-add-key', fingerprint, 'cv25519', 'encrypt', '30d'); // prettier-ignore
    const { message } = problem(await asRecipient(await gpg.publicKey(fingerprint))) ?? {};
    expect(message).toBe(`the encryption subkey of the key ${fingerprint} expired on 2026-01-31`);
  });

  test('not yet valid', async () => {
    const fingerprint = await gpg.makeKey('early', { faked: '20360101T000000' });
    const { message, hint } = problem(await asRecipient(await gpg.publicKey(fingerprint))) ?? {};
    expect(message).toBe(`the key ${fingerprint} is not valid before 2036-01-01T00:00:00Z`);
    expect(hint).toContain('clock');
  });

  test('no part for encryption', async () => {
    const fingerprint = await gpg.makeKey('signs only', { signOnly: true });
    const { message } = problem(await asRecipient(await gpg.publicKey(fingerprint))) ?? {};
    expect(message).toBe(`nothing can be encrypted to the key ${fingerprint}: it has no part for that`);
  });

  test('too weak', async () => {
    const how = ['--faked-system-time', '20260101T000000', '--passphrase', ''];
    await gpg.run(...how, '--quick-gen-key', 'weak', 'rsa1024', 'sign,encrypt', '0');
    const { message } = problem(await asRecipient(await gpg.run('--armor', '--export', 'weak'))) ?? {};
    expect(message).toMatch(/^nothing can be encrypted to the key \w{40}: .*RSA keys shorter than 2047 bits/);
  });

  test('two in one file, and no key at all', async () => {
    const [one, two] = [await gpg.makeKey('one'), await gpg.makeKey('two')];
    const both = await gpg.run('--armor', '--export', one, two);
    expect(problem(await asRecipient(both))?.message).toBe(`there are 2 keys in it: ${one}, ${two}`);
    for (const text of ['', 'ssh-ed25519 AAAA', '-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nplanted'])
      expect(problem(await asRecipient(text))?.message).toBe('this is not a PGP key that can be read');
  });

  test('the wrong half, and the passphrase', async () => {
    const passphrase = 'planted';
    const fingerprint = await gpg.makeKey('ours', { passphrase });
    const [whole, half] = [await gpg.privateKey(fingerprint, passphrase), await gpg.publicKey(fingerprint)];
    const read = [
      await asRecipient(whole),
      await openSigner(half, passphrase, now),
      await openSigner(whole, undefined, now),
      await openSigner(whole, 'wrong', now),
    ];
    expect(read.map((one) => problem<unknown>(one))).toMatchObject([
      { message: `the key ${fingerprint} is a private one`, of: 'key' },
      { message: `the key ${fingerprint} is a public one`, of: 'key' },
      { message: `the key ${fingerprint} is locked and there is no passphrase`, of: 'key' },
      { message: `the passphrase does not open the key ${fingerprint}`, of: 'passphrase' },
    ]);
    expect(JSON.stringify(read)).not.toMatch(/planted|wrong"/);
  });

  test('revoked', async () => {
    const fingerprint = await gpg.makeKey('revoked');
    await gpg.revoke(fingerprint);
    const { message } = problem(await asRecipient(await gpg.publicKey(fingerprint))) ?? {};
    expect(message).toMatch(new RegExp(`^the key ${fingerprint} was revoked on \\d{4}-\\d\\d-\\d\\d$`));
  });
});
