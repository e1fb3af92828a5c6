import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sshKeyPair } from '../ssh-keys.ts';

/** The environment of these tests; what begins with "planted" must never show. */
export const env = {
  ACME_PASSWORD: 'planted-password',
  EMPTY: '',
  HOOK_SECRET: `whsec_${Buffer.from('planted-signing-key-of-32-bytes!').toString('base64')}`,
  RELAY_PASSWORD: 'planted-relay-password',
  PASSPHRASE: 'planted-passphrase',
  WRONG_PASSPHRASE: 'planted-wrong',
  PGP_PASSPHRASE: 'planted-pgp-passphrase',
};

/** The time of these tests: keys have dates. */
export const now = Date.parse('2026-11-21T12:00:00Z');

/** A data folder with the keys that the fixtures name, made anew each time; returns its path. */
export const makeData = (folder: string): string => {
  mkdirSync(folder, { recursive: true });
  const put = (name: string, text: string) => writeFileSync(join(folder, name), text, { mode: 0o600 });
  const plain = sshKeyPair();
  put('acme-key', plain.private);
  put('acme-key.pub', plain.public);
  const locked = { passphrase: env.PASSPHRASE, cipher: 'aes256-ctr', rounds: 4 };
  put('encrypted-key', sshKeyPair(locked).private);
  const pkcs8 = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' });
  put('pkcs8-key', String(pkcs8));
  put('garbage', 'planted-garbage\n');
  put('certificate-key.pem', String(pkcs8));
  put('certificate.pem', '-----BEGIN CERTIFICATE-----\nplanted-certificate\n');
  const names = ['-subj', '/CN=submit.example.test', '-days', '30'];
  const files = ['-keyout', join(folder, 'mail-key.pem'), '-out', join(folder, 'mail-certificate.pem')];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ed25519', '-nodes', ...names, ...files], { stdio: 'pipe' });
  cpSync(new URL('../../fixtures/certificates', import.meta.url).pathname, join(folder, 'certificates'), {
    recursive: true,
  });
  cpSync(new URL('../../fixtures/pgp/', import.meta.url).pathname, join(folder, 'pgp'), { recursive: true });
  return folder;
};
