import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { at, need } from './packages.ts';

const run = promisify(execFile);

/** The reason why there is no gpg. */
export const gpgMissing = (): Promise<string | undefined> => need(['gnupg', 'gpg-agent'], at('/usr/bin/gpg'));

/** gpg with a key ring of its own: a partner's, or ours. */
export interface Gpg {
  /** Makes a key pair; resolves to its fingerprint. `faked` is a time such as `20200101T000000`, `expires` such as `30d`. */
  makeKey(name: string, options?: KeyOptions): Promise<string>;
  publicKey(fingerprint: string): Promise<string>;
  privateKey(fingerprint: string, passphrase?: string): Promise<string>;
  import(key: string): Promise<void>;
  /** Revokes a key with the certificate that gpg made beside it. */
  revoke(fingerprint: string): Promise<void>;
  /** What is in an encrypted file, and gpg's status lines. Rejects when it cannot be opened. */
  decrypt(bytes: Buffer): Promise<{ plain: Buffer; status: string }>;
  run(...args: string[]): Promise<string>;
  stop(): Promise<void>;
}

export interface KeyOptions {
  /** `curve25519` by default. */
  kind?: 'curve25519' | 'rsa2048';
  passphrase?: string;
  expires?: string;
  faked?: string;
  /** Without a subkey for encryption. */
  signOnly?: boolean;
}

const algorithms = { curve25519: ['ed25519', 'cv25519'], rsa2048: ['rsa2048', 'rsa2048'] } as const;

/** The folder's path is short: gpg-agent's socket in it must fit into 108 bytes. */
export const startGpg = (): Gpg => {
  const home = mkdtempSync(join(tmpdir(), 'gpg-'));
  // As many rounds as a passphrase of a test is worth.
  writeFileSync(join(home, 'gpg-agent.conf'), 's2k-count 65536\n');
  const common = ['--homedir', home, '--batch', '--no-tty', '--quiet', '--pinentry-mode', 'loopback'];
  const gpg = async (...args: string[]): Promise<string> =>
    (await run('gpg', [...common, ...args], { maxBuffer: 1 << 24 })).stdout;
  const makeKey = async (name: string, options: KeyOptions = {}): Promise<string> => {
    const { kind = 'curve25519', passphrase = '', expires = '0', faked, signOnly } = options;
    const [primary, sub] = algorithms[kind];
    const how = [...(faked ? ['--faked-system-time', `${faked}!`] : []), '--passphrase', passphrase];
    await gpg(...how, '--quick-gen-key', name, primary, 'sign', expires);
    const listed = await gpg(...how, '--with-colons', '--list-secret-keys', `=${name}`);
    const fingerprint = /^fpr:+([0-9A-F]{40}):/m.exec(listed)?.[1] ?? '';
    if (!signOnly) await gpg(...how, '--quick-add-key', fingerprint, sub, 'encrypt', expires);
    return fingerprint;
  };
  const importKey = async (key: string): Promise<void> => {
    const file = join(home, 'import.asc');
    writeFileSync(file, key);
    await gpg('--import', file);
  };
  return {
    makeKey,
    publicKey: (fingerprint) => gpg('--armor', '--export', fingerprint),
    privateKey: (fingerprint, passphrase = '') =>
      gpg('--passphrase', passphrase, '--armor', '--export-secret-keys', fingerprint),
    import: importKey,
    revoke: (fingerprint) =>
      // gpg puts a colon before the dashes, so that nobody imports it by accident.
      importKey(
        readFileSync(join(home, 'openpgp-revocs.d', `${fingerprint}.rev`), 'utf8').replace(':-----BEGIN', '-----BEGIN'),
      ),
    decrypt: (bytes) => decrypt(common, home, bytes),
    run: gpg,
    stop: async () => {
      await run('gpgconf', ['--homedir', home, '--kill', 'all']).catch(() => undefined);
      rmSync(home, { recursive: true, force: true });
    },
  };
};

const decrypt = async (common: string[], home: string, bytes: Buffer) => {
  const statusFile = join(home, 'status');
  const child = spawn('gpg', [...common, '--trust-model', 'always', '--status-file', statusFile, '--decrypt']);
  const ended = once(child, 'close');
  child.stdin.on('error', () => undefined); // it stops reading what it cannot open
  child.stdin.end(bytes);
  const [plain, said] = await Promise.all([buffer(child.stdout), text(child.stderr)]);
  const [code] = (await ended) as [number];
  if (code !== 0) throw new Error(`gpg ended with ${code}: ${said}`);
  return { plain, status: readFileSync(statusFile, 'utf8') };
};
