import type { Part } from './message.ts';

/** What a part of a message, or an entry of an archive, is to us. */
export type Candidate =
  /** A file to be read; its name is safe to show and to keep. */
  | { kind: 'file'; name: string }
  | { kind: 'archive'; name: string; packing: 'zip' | 'gzip' }
  /** Somebody meant it as a file, and we cannot take it: why, and what to do, in sentences. */
  | { kind: 'refused'; name: string; cause: string }
  /** Names that are kept for our own answers, and hidden files. */
  | { kind: 'ignored'; name: string }
  /** Bodies, signatures, pictures. */
  | { kind: 'noise'; name: string | undefined };

const longestName = 150;

/**
 * A file name as it may be shown, logged and used for other names: its last path segment on one line, without control and
 * direction characters, at most 150 characters with its extension. Empty when nothing is left.
 */
export const plainName = (name: string): string => {
  const clean = (name.toWellFormed().split(/[/\\]/).at(-1) ?? '')
    .replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+/g, ' ')
    .trim();
  const characters = [...clean];
  if (characters.length <= longestName) return clean;
  const [extension = ''] = /\.[^.\s]{1,8}$/.exec(clean) ?? [];
  return characters.slice(0, longestName - extension.length).join('') + extension;
};

/** What an unnamed part is called, by its type; only such a part goes by its type. */
const namesByType: Readonly<Record<string, string>> = {
  'text/csv': 'mail.csv',
  'application/csv': 'mail.csv',
  'text/comma-separated-values': 'mail.csv',
  'text/x-csv': 'mail.csv',
  'text/xml': 'mail.xml',
  'application/xml': 'mail.xml',
  'application/zip': 'mail.zip',
  'application/x-zip-compressed': 'mail.zip',
  'application/gzip': 'mail.csv.gz',
  'application/x-gzip': 'mail.csv.gz',
  'application/ms-tnef': 'winmail.dat',
  'application/vnd.ms-tnef': 'winmail.dat',
  'application/pkcs7-mime': 'smime.p7m',
  'application/x-pkcs7-mime': 'smime.p7m',
  'message/rfc822': 'forwarded.eml',
};

const noiseType =
  /^(image|audio|video|font|multipart)\/|^text\/(html|calendar|vcard|x-vcard|directory|rfc822-headers)$|^message\/(delivery-status|disposition-notification|partial|external-body)$|^application\/(pgp-signature|pgp-keys|pkcs7-signature|x-pkcs7-signature|ics)$/;

/** Signatures, cards, pictures and bodies, whatever type a mail program has given them. */
const noiseName = /\.(png|jpe?g|gif|bmp|svg|webp|ico|tiff?|heic|p7s|sig|vcf|ics|html?)$/i;

const asCsv = 'Save it as CSV (UTF-8) under a name that ends in .csv, or as XML, and send it again.';

/** What programs send instead of a file, and how the sender gets rid of it. */
const remedies: readonly (readonly [RegExp, string])[] = [
  [
    /^winmail\.dat$|^win\.dat$/i,
    "it is Outlook's own format (TNEF), in which the file is hidden. Set the message format to HTML or plain text in Outlook and send it again.",
  ],
  [/\.(p7m|p7c)$/i, 'it is a mail that is encrypted or signed as a whole (S/MIME). Send the file in a plain mail.'],
  [/\.(pgp|gpg|asc)$/i, 'it is encrypted. Send the file unencrypted, or in a mail over TLS.'],
  [/\.(xlsx?|xlsm|xlsb|ods|numbers)$/i, `it is a spreadsheet. ${asCsv}`],
  [
    /\.(7z|rar|tar|tgz|bz2|xz|zst)$/i,
    'it is an archive of a kind that is not read. Send the file itself, or as .zip or .gz.',
  ],
  [/\.eml$/i, 'it is forwarded inside too many mails. Send the file in a mail of its own.'],
];

const causeOf = (name: string): string =>
  remedies.find(([pattern]) => pattern.test(name))?.[1] ?? `its name does not end in .csv or .xml. ${asCsv}`;

/** What a name says by itself. */
const byName = (name: string): Candidate => {
  if (name.startsWith('.') || /^(receipt|result)_/i.test(name)) return { kind: 'ignored', name };
  if (/\.(csv|xml)$/i.test(name)) return { kind: 'file', name };
  if (/\.zip$/i.test(name)) return { kind: 'archive', name, packing: 'zip' };
  if (/\.gz$/i.test(name)) return { kind: 'archive', name, packing: 'gzip' };
  return noiseName.test(name) ? { kind: 'noise', name } : { kind: 'refused', name, cause: `${name}: ${causeOf(name)}` };
};

/** What a part of a message is. A name decides, whatever the type says; without one the type does. */
export const candidateOf = ({ name, type }: Pick<Part, 'name' | 'type'>): Candidate => {
  const given = plainName(name ?? '');
  const named = given === '' ? namesByType[type] : given;
  if (named === undefined) {
    const body = noiseType.test(type) || type === 'text/plain' || type === '';
    const cause = `An attachment without a name: ${causeOf('')}`;
    return body ? { kind: 'noise', name: undefined } : { kind: 'refused', name: '(no name)', cause };
  }
  const found = byName(named);
  return found.kind === 'refused' && noiseType.test(type) ? { kind: 'noise', name: named } : found;
};

/** What an entry of an archive is: one level only, and no folders. */
export const entryCandidateOf = (path: string): Candidate => {
  const name = plainName(path);
  if (/[/\\]$/.test(path) || /^__MACOSX[/\\]/.test(path) || name === '') return { kind: 'noise', name };
  const found = byName(name);
  const refused = (cause: string): Candidate => ({ kind: 'refused', name, cause: `${name}: ${cause}` });
  if (found.kind === 'archive') return refused('it is an archive inside an archive. Pack the file itself.');
  if (found.kind === 'file' && /[/\\]/.test(path))
    return refused('it lies in a folder. Pack the file without folders.');
  return found;
};
