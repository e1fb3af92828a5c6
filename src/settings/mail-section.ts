import { createPrivateKey, X509Certificate } from 'node:crypto';
import { z } from 'zod';
import type { Secret } from '../secret.ts';
import { type Path, type Reading, report, valueAt } from './problem.ts';
import { reveal, secretSource } from './secret-source.ts';
import type { Mail } from './settings.ts';
import { read, strict, text, whole, yesNo } from './shape.ts';
import { duration, host, listen, mailAddress, nameServer, size } from './values.ts';

const limitsShape = strict({
  connections: whole(1, 10_000).default(300),
  connectionsPerPeer: whole(1, 10_000).default(100),
  recipients: whole(1, 1000).default(100),
  idle: duration.default(60_000),
  senderHourly: whole(1, 1_000_000).default(1000),
  addressHourly: whole(1, 1_000_000).default(5000),
});

const mailShape = strict({
  listen: listen.default({ host: '127.0.0.1', port: 2525 }),
  domain: host,
  maxSize: size.default(25 * 1024 ** 2),
  limits: limitsShape.prefault({}),
  tls: z.unknown().optional(),
  relay: z.unknown().optional(),
  dns: z.array(nameServer).default([]),
});

const tlsShape = strict({ certificate: secretSource, key: secretSource, required: yesNo.default(false) });

const relayShape = strict({
  host,
  port: whole(1, 65535).default(25),
  from: mailAddress(false),
  user: text('nightdrop').optional(),
  password: secretSource.optional(),
  ca: secretSource.optional(),
});

const relay = (reading: Reading): Mail['relay'] => {
  const path = ['mail', 'relay'];
  if (valueAt(reading.raw, path) === undefined) return undefined;
  const { good, whole: all } = read(reading, path, relayShape);
  const password = reveal(reading, [...path, 'password'], good.password);
  const ca = reveal(reading, [...path, 'ca'], good.ca);
  if ((good.user === undefined) !== (good.password === undefined))
    report(reading, path, 'has only one of user and password', 'write both, or neither for a relay without sign-in');
  if (!all) return undefined;
  const { host: server, port, from, user } = all;
  return { host: server, port, from, ...(user && { user }), ...(password && { password }), ...(ca && { ca }) };
};

const attempt = <T>(make: () => T): T | undefined => {
  try {
    return make();
  } catch {
    return undefined;
  }
};

/** What OpenSSL would say only when the first peer asks for TLS. */
const checkPair = (reading: Reading, path: Path, certificate: Secret, key: Secret): void => {
  const shown = attempt(() => new X509Certificate(certificate.reveal()));
  const kept = attempt(() => createPrivateKey(key.reveal()));
  const pem = (what: string) => `it begins with -----BEGIN ${what}-----`;
  if (!shown) report(reading, [...path, 'certificate'], 'is not a certificate in PEM form', pem('CERTIFICATE'));
  if (!kept)
    report(
      reading,
      [...path, 'key'],
      'is not a private key in PEM form',
      `${pem('PRIVATE KEY')}, without a passphrase`,
    );
  if (shown && kept && !shown.checkPrivateKey(kept))
    report(
      reading,
      [...path, 'key'],
      'is the key of another certificate',
      'give the key that the certificate was made with',
    );
};

const tls = (reading: Reading): Mail['tls'] => {
  const path = ['mail', 'tls'];
  if (valueAt(reading.raw, path) === undefined) return undefined;
  const { good, whole: all } = read(reading, path, tlsShape);
  const certificate = reveal(reading, [...path, 'certificate'], good.certificate);
  const key = reveal(reading, [...path, 'key'], good.key);
  if (!all || !certificate || !key) return undefined;
  checkPair(reading, path, certificate, key);
  return { certificate, key, required: all.required };
};

/** The mail listener, and the relay for mail of our own; undefined when there is no `mail`, or it is wrong. */
export const readMail = (reading: Reading): Mail | undefined => {
  if (valueAt(reading.raw, ['mail']) === undefined) return undefined;
  const { whole: all } = read(reading, ['mail'], mailShape);
  const secured = tls(reading);
  const through = relay(reading);
  if (!all) return undefined;
  const { tls: _tls, relay: _relay, ...rest } = all;
  return { ...rest, ...(secured ? { tls: secured } : {}), ...(through ? { relay: through } : {}) };
};
