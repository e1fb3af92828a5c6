import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { isCurrency } from '../money.ts';
import { isZone } from '../zoned-time.ts';
import { leaf, missing, textAs, Wrong } from './shape.ts';

const unitMs: Record<string, number> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
};

/** `72h`, `90d`, `30s` as milliseconds; undefined for what is no duration. */
export const durationMs = (text: string): number | undefined => {
  const [, count = '', unit = ''] = /^(\d{1,6})\s*(ms|s|m|h|d|w)$/.exec(text) ?? [];
  const ms = Number(count) * (unitMs[unit] ?? 0);
  return ms > 0 ? ms : undefined;
};

/** As `durationMs`, in a file. */
export const duration = textAs(
  '72h',
  (value) =>
    durationMs(value) ??
    new Wrong('is not a duration', 'write a number and one of ms, s, m, h, d, w; for example: 72h'),
);

const unitBytes: Record<string, number> = { B: 1, KB: 1024, MB: 1024 ** 2, GB: 1024 ** 3 };

/** `25MB` as bytes; 1 KB is 1024 bytes. */
export const size = textAs('25MB', (value): number | Wrong => {
  const [, count = '', unit = ''] = /^(\d{1,6})\s*(B|KB|MB|GB)$/i.exec(value) ?? [];
  const bytes = Number(count) * (unitBytes[unit.toUpperCase()] ?? 0);
  return bytes > 0 ? bytes : new Wrong('is not a size', 'write a number and one of B, KB, MB, GB; for example: 25MB');
});

/** Where a listener waits. */
export interface Listen {
  host: string;
  port: number;
}

const isHost = (host: string): boolean => isIP(host) !== 0 || /^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(host);

/** `127.0.0.1:8080` or `[::1]:8080`. Port 0 lets the system choose. */
export const listen = textAs('127.0.0.1:8080', (value): Listen | Wrong => {
  const [, six, plain = '', digits = ''] = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(value) ?? [];
  const host = six ?? plain;
  const port = Number(digits);
  if (host === '' || port > 65535 || !(six === undefined ? isHost(host) : isIP(six) === 6))
    return new Wrong('is not an address to listen on', 'write HOST:PORT; for example: 127.0.0.1:8080');
  return { host, port };
});

/** A name server: `ADDRESS`, `ADDRESS:PORT` or `[ADDRESS]:PORT`, never a name. */
export const nameServer = textAs('10.0.0.2', (value) => {
  const [, six, four, port = '53'] = /^(?:\[([^\]]+)\]|([0-9.]+))(?::(\d{1,5}))?$/.exec(value) ?? [];
  const known = isIP(value) === 6 || isIP(six ?? '') === 6 || isIP(four ?? '') === 4;
  const fits = known && Number(port) > 0 && Number(port) <= 65535;
  const hint = 'write ADDRESS or ADDRESS:PORT; for example: 10.0.0.2';
  return fits ? value : new Wrong('is not the address of a name server', hint);
});

/** A host name or an address, without scheme, port or path. */
export const host = textAs('sftp.acme.example', (value) =>
  isHost(value) ? value : new Wrong('is not a host name', 'write the name alone, without scheme, port or folder'),
);

/** An IANA zone. */
export const zone = textAs('Australia/Sydney', (value) =>
  isZone(value)
    ? value
    : new Wrong(`"${value}" is not a time zone`, 'write an IANA name such as Australia/Sydney, Europe/Berlin or UTC'),
);

/** An ISO 4217 code. */
export const currency = textAs('USD', (value) =>
  isCurrency(value)
    ? value
    : new Wrong(`"${value}" is not a currency`, 'write its ISO 4217 code in capitals; for example: USD'),
);

const fingerprintOf = (what: string, command: string) =>
  textAs('SHA256:…', (value) => {
    const digest = /^SHA256:([A-Za-z0-9+/]{43})=?$/.exec(value)?.[1];
    const exact = digest !== undefined && Buffer.from(digest, 'base64').toString('base64') === `${digest}=`;
    const hint = `write SHA256: and 43 characters, as this prints it: ${command}`;
    return exact ? `SHA256:${digest}` : new Wrong(`is not the fingerprint of a ${what}`, hint);
  });

/** `SHA256:` and 43 characters, as OpenSSH prints it. */
export const fingerprint = fingerprintOf('host key', 'ssh-keyscan -p PORT HOST | ssh-keygen -lf -');

/** The same of a certificate's DER form. */
export const certificateFingerprint = fingerprintOf('certificate', 'npx nightdrop doctor DROP');

/** A mail address, or with `*` in front of the @ all of its domain. */
export const mailAddress = (pattern: boolean) =>
  textAs(pattern ? '"*@brand.example"' : 'ops@example.test', (value) => {
    const [, local = '', domain = ''] = /^([^@\s]+)@([^@\s]+)$/.exec(value) ?? [];
    const localFits = isLocalPart(local) && (pattern || !local.includes('*'));
    if (localFits && isHost(domain)) return value;
    return pattern
      ? new Wrong('is not a sender', 'write an address, or "*@DOMAIN" for all of a domain')
      : new Wrong('is not a mail address', 'for example: ops@example.test');
  });

/** What may stand in front of the @ without quotes (RFC 5321: a dot-string of at most 64 characters). */
export const isLocalPart = (value: string): boolean =>
  value.length <= 64 && /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/.test(value);

/** The local part of an address that files are mailed to. */
export const localPart = textAs('sale-7f3k9q2m', (value) => {
  if (value.includes('@'))
    return new Wrong('holds a domain', 'write only what stands in front of the @; the domain is mail.domain');
  if (/\+check$/i.test(value))
    return new Wrong(
      'ends in +check, which makes a dry run of a mail',
      'leave +check out; every address has it by itself',
    );
  return isLocalPart(value)
    ? value
    : new Wrong('is not the local part of an address', 'use letters, digits, - and _; at most 64 characters');
});

/** A day, `2026-12-31`. */
export const day = textAs('"2026-12-31"', (value) => {
  const at = /^\d{4}-\d{2}-\d{2}$/.test(value) ? Date.parse(`${value}T00:00:00Z`) : NaN;
  const exact = !Number.isNaN(at) && new Date(at).toISOString().startsWith(value);
  return exact ? value : new Wrong('is not a day', 'write it as YYYY-MM-DD; for example: 2026-12-31');
});

/** An identifier from outside that may be written as a number: kept as text. */
export const idText = leaf((value): string | Wrong => {
  if (typeof value === 'string' && value.trim() !== '') return value;
  if (Number.isSafeInteger(value)) return String(value);
  if (value === undefined || value === null) return missing('for example: 7788');
  return new Wrong('is not an id', 'put it in quotes, so that no digit is lost');
});

/** Why a name cannot be used for a partner, feed or drop; undefined when it can. */
export const nameProblem = (name: string): Wrong | undefined =>
  /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(name)
    ? undefined
    : new Wrong(`"${name}" cannot be used as a name`, 'use letters, digits, - and _; at most 64 characters');

/** A path as the configuration has it, relative to the data folder. */
export const inDataFolder = (dataFolder: string, path: string): string => resolve(dataFolder, path);
