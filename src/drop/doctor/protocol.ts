/** What somebody speaks who greeted us: pure, from the first bytes. */
export type Spoken = 'ssh' | 'ftp' | 'smtp' | 'http' | 'tls' | 'mailbox' | 'nothing' | 'other';

const rules: [RegExp, Spoken][] = [
  [/^SSH-[^\n]*\n/m, 'ssh'],
  [/^(HTTP\/|<!doctype|<html)/i, 'http'],
  [/^[245]\d\d[ -][^\n]*\b(E?SMTP|mail)\b/i, 'smtp'],
  [/^[1-5]\d\d[ -][^\n]*\n/, 'ftp'],
  [/^(\+OK|\* (OK|BYE))/, 'mailbox'],
];

export const spokenIn = (bytes: Buffer): Spoken => {
  if (bytes.length === 0) return 'nothing';
  // A TLS alert or handshake record (RFC 8446, 5.1).
  if ((bytes[0] === 0x15 || bytes[0] === 0x16) && bytes[1] === 3) return 'tls';
  const text = bytes.toString('latin1');
  return rules.find(([pattern]) => pattern.test(text))?.[1] ?? 'other';
};

/** For people: "a web server (HTTP)". */
export const speakers: Record<Spoken, string> = {
  ssh: 'an SSH server',
  ftp: 'an FTP server',
  smtp: 'a mail server (SMTP)',
  http: 'a web server (HTTP)',
  tls: 'a server that wants TLS from the first byte',
  mailbox: 'a mailbox server (IMAP or POP3)',
  nothing: 'nobody',
  other: 'something that speaks neither SSH nor FTP',
};

/** The first line that matters, made fit to print: `SSH-2.0-OpenSSH_9.6`, `220 Welcome`. */
export const firstLine = (bytes: Buffer): string => {
  const lines = bytes.toString('latin1').split(/\r?\n/);
  const line = lines.find((each) => each.startsWith('SSH-')) ?? lines[0] ?? '';
  return line.replace(/[^\x20-\x7e]/g, '?').slice(0, 120);
};

/** `SSH-2.0-OpenSSH_9.6 Debian-1` → `OpenSSH_9.6 Debian-1`; `220 (vsFTPd 3.0.3)` → `vsFTPd 3.0.3`. */
export const softwareOf = (line: string): string =>
  line
    .replace(/^SSH-[\d.]+-/, '')
    .replace(/^\d{3}[ -]/, '')
    .replace(/^\((.*)\)$/, '$1')
    .trim();
