import { execFileSync } from 'node:child_process';
import { X509Certificate, createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A certificate and its key, as paths of PEM files. */
export interface Pair {
  certificate: string;
  key: string;
  /** Key and certificate in one file. */
  both: string;
  /** `SHA256:…` of the DER form, as a drop pins it. */
  fingerprint: string;
}

/** What servers of the tests show. All but `selfSigned` are signed by `ca`. */
export interface Certificates {
  /** The authority's certificate, and one that has signed none of these. */
  ca: string;
  otherCa: string;
  /** For `localhost`, `127.0.0.1`, `127.0.0.2` and `::1`. */
  server: Pair;
  /** The same names, another key: what a server shows after a renewal. */
  renewed: Pair;
  /** For `other.example` only. */
  wrongHost: Pair;
  expired: Pair;
  notYet: Pair;
  selfSigned: Pair;
}

const openssl = (...args: string[]): void => void execFileSync('openssl', args, { stdio: 'pipe' });

const local = 'DNS:localhost,IP:127.0.0.1,IP:127.0.0.2,IP:::1';

/** `openssl ca` is the only command of OpenSSL 3.0 that takes a certificate's dates. */
const configOf = (home: string): string => `
[ca]
default_ca = own
[own]
database = ${home}/index
new_certs_dir = ${home}
rand_serial = yes
default_md = sha256
policy = any
copy_extensions = copy
unique_subject = no
[any]
commonName = supplied
`;

const authority = (home: string, name: string): void =>
  openssl(
    ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '3650', '-subj', `/CN=Nightdrop test ${name}`],
    ...['-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign'],
    ...['-keyout', `${home}/${name}.key`, '-out', `${home}/${name}.pem`],
  );

const pairOf = (home: string, name: string): Pair => {
  const [certificate, key, both] = [`${home}/${name}.pem`, `${home}/${name}.key`, `${home}/${name}.both.pem`];
  writeFileSync(both, readFileSync(key, 'utf8') + readFileSync(certificate, 'utf8'), { mode: 0o600 });
  const { raw } = new X509Certificate(readFileSync(certificate));
  const digest = createHash('sha256').update(raw).digest('base64').replace(/=+$/, '');
  return { certificate, key, both, fingerprint: `SHA256:${digest}` };
};

const signed = (home: string, name: string, names: string, from: string, to: string): Pair => {
  const request = ['-subj', `/CN=${name}.example`, '-addext', `subjectAltName=${names}`, '-out', `${home}/${name}.csr`];
  openssl('req', '-newkey', 'rsa:2048', '-nodes', '-keyout', `${home}/${name}.key`, ...request);
  openssl(
    ...[
      'ca',
      '-batch',
      '-notext',
      '-config',
      `${home}/ca.cnf`,
      '-cert',
      `${home}/ca.pem`,
      '-keyfile',
      `${home}/ca.key`,
    ],
    ...['-startdate', from, '-enddate', to, '-in', `${home}/${name}.csr`, '-out', `${home}/${name}.pem`],
  );
  return pairOf(home, name);
};

const selfSigned = (home: string): Pair => {
  const names = ['-subj', '/CN=localhost', '-addext', `subjectAltName=${local}`, '-days', '3650'];
  const files = ['-keyout', `${home}/self.key`, '-out', `${home}/self.pem`];
  openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...names, ...files);
  return pairOf(home, 'self');
};

let made: Certificates | undefined;

/** Made once for all servers of this process, in a folder that goes away with it. */
export const certificates = (): Certificates => {
  if (made) return made;
  const home = mkdtempSync(join(tmpdir(), 'nightdrop-certificates-'));
  process.on('exit', () => rmSync(home, { recursive: true, force: true }));
  writeFileSync(`${home}/ca.cnf`, configOf(home));
  writeFileSync(`${home}/index`, '');
  authority(home, 'ca');
  authority(home, 'other-ca');
  const [past, before, after] = ['20200101000000Z', '20200201000000Z', '20990101000000Z'];
  return (made = {
    ca: `${home}/ca.pem`,
    otherCa: `${home}/other-ca.pem`,
    server: signed(home, 'server', local, past, after),
    renewed: signed(home, 'renewed', local, past, after),
    wrongHost: signed(home, 'wrong-host', 'DNS:other.example', past, after),
    expired: signed(home, 'expired', local, past, before),
    notYet: signed(home, 'not-yet', local, '20980101000000Z', after),
    selfSigned: selfSigned(home),
  });
};
