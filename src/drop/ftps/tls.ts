import { createHash } from 'node:crypto';
import { isIP, type Socket } from 'node:net';
import { connect, createSecureContext, type PeerCertificate, type TLSSocket } from 'node:tls';
import { DropFault, type FtpsSpec } from '../drop.ts';

/** What decides whether a server is trusted. */
export type Trust = Pick<FtpsSpec, 'name' | 'host' | 'port' | 'ca' | 'certificates' | 'tls'>;

/** A certificate as a server shows it. */
export interface ShownCertificate {
  /** `SHA256:…` of the DER form, in base64 without padding. */
  fingerprint: string;
  /** The hosts it is made out to. */
  names: string[];
  /** The authority that signed it. */
  issuer: string;
  /** Milliseconds since 1970. */
  validFrom: number;
  validTo: number;
  /** Why it is not trusted without a pin; undefined when it is. */
  problem?: string;
}

/** TLS as one drop wants it, for the control connection of a session and for its data connections. */
export interface Security {
  /** Begins TLS on a connected socket, taking up the session of the connections before. `done` judges the certificate. */
  begin(socket: Socket): { socket: TLSSocket; done: Promise<void> };
}

const textIn = (value: string | string[] | undefined): string => [value ?? []].flat().join(', ');

const namesOf = ({ subjectaltname, subject }: PeerCertificate): string[] => {
  const names = (subjectaltname ?? '').split(', ').map((name) => name.replace(/^(DNS|IP Address):/, ''));
  return subjectaltname ? names : [textIn(subject?.CN)];
};

const dayOf = (at: number): string =>
  Number.isNaN(at) ? 'at a time that cannot be read' : new Date(at).toISOString().slice(0, 10);

/** What is wrong with a certificate, by the word OpenSSL and Node have for it. */
const problemOf = (code: string, shown: ShownCertificate, host: string): string => {
  switch (code) {
    case 'CERT_HAS_EXPIRED':
      return `it was valid until ${dayOf(shown.validTo)}`;
    case 'CERT_NOT_YET_VALID':
      return `it is valid only from ${dayOf(shown.validFrom)} on`;
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `it is for ${shown.names.join(', ')}, not for ${host}`;
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
      return 'it is signed by itself, no authority stands behind it';
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
      return `its authority (${shown.issuer}) is not trusted here`;
    default:
      return `it is not valid (${code})`;
  }
};

/** The certificate of the other side, and what is wrong with it. */
export const readCertificate = (socket: TLSSocket, host: string): ShownCertificate => {
  const certificate = socket.getPeerCertificate();
  const digest = createHash('sha256').update(certificate.raw).digest('base64').replace(/=+$/, '');
  const shown: ShownCertificate = {
    fingerprint: `SHA256:${digest}`,
    names: namesOf(certificate),
    issuer: textIn(certificate.issuer?.CN ?? certificate.issuer?.O) || 'unnamed',
    validFrom: Date.parse(certificate.valid_from),
    validTo: Date.parse(certificate.valid_to),
  };
  // The types say Error; it is the code of one.
  const code = String(socket.authorizationError);
  return socket.authorized ? shown : { ...shown, problem: problemOf(code, shown, host) };
};

const bare = (pin: string): string => pin.replace(/=+$/, '');

const settingFor = (code: string, pin: string): string => {
  const pinned = `or pin it with certificates: ["${pin}"] after comparing it with what the partner says`;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return `correct "host", ${pinned}`;
  if (/EXPIRED|NOT_YET/.test(code)) return `ask the partner for a new one, ${pinned}`;
  return `name the partner's authority with ca: {file: PATH}, ${pinned}`;
};

const faultWith = (trust: Trust, reason: string, hint: string): DropFault =>
  new DropFault({
    operation: 'trust',
    object: `${trust.name} (${trust.host}:${trust.port})`,
    reason,
    hint: `no credentials were sent; ${hint}`,
    next: 'hold',
    code: 'certificate',
  });

/** The fault of a certificate that is not to be trusted; undefined when it is. Pins stand instead of name and authority. */
const certificateFault = (socket: TLSSocket, trust: Trust): DropFault | undefined => {
  const { fingerprint, problem } = readCertificate(socket, trust.host);
  const pins = trust.certificates;
  if (!pins) {
    if (problem === undefined) return undefined;
    const hint = settingFor(String(socket.authorizationError), fingerprint);
    return faultWith(trust, `it shows the certificate ${fingerprint}: ${problem}`, hint);
  }
  if (pins.some((pin) => bare(pin) === fingerprint)) return undefined;
  const take = `nightdrop drops trust ${trust.name} SHA256:…, or put it into "certificates"`;
  const hint = `ask the partner whether the certificate has changed; if so: ${take}`;
  return faultWith(trust, `it shows the certificate ${fingerprint}; pinned: ${pins.map(bare).join(', ')}`, hint);
};

const finished = (socket: TLSSocket): Promise<void> =>
  new Promise((resolve, reject) => {
    socket.once('secureConnect', resolve).once('error', reject);
    socket.once('close', () => reject(new Error('the connection ended before secure TLS was there')));
  });

/** Judges every full handshake; one that takes up a session of ours was judged when that began. `accept`: for tests of trust alone. */
export const makeSecurity = (trust: Trust, judge = certificateFault): Security => {
  const secureContext = createSecureContext({
    ...(trust.ca !== undefined && { ca: trust.ca }),
    minVersion: trust.tls.min,
    maxVersion: trust.tls.max,
  });
  // Node takes a session up only under the name it was made for: all connections must give the same.
  const identity = { host: trust.host, ...(isIP(trust.host) === 0 && { servername: trust.host }) };
  let session: Buffer | undefined;
  const begin = (raw: Socket) => {
    // We judge ourselves, so that the message can show what was shown; nothing is sent before that.
    const socket = connect({
      socket: raw,
      secureContext,
      rejectUnauthorized: false,
      ...identity,
      ...(session && { session }),
    });
    // TLS 1.3 tickets count for one connection each: the newest is the next one's.
    let newest: Buffer | undefined;
    let trusted = false;
    socket.on('session', (ticket) => {
      newest = ticket;
      if (trusted) session = ticket;
    });
    socket.on('error', () => undefined);
    const done = finished(socket).then(() => {
      const fault = socket.isSessionReused() ? undefined : judge(socket, trust);
      if (fault) throw fault;
      // Not before: whoever takes a session up is not judged again.
      trusted = true;
      session = newest ?? session;
    });
    done.catch(() => undefined);
    return { socket, done };
  };
  return { begin };
};
