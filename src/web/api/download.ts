import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { asFault, Fault } from '../../fault.ts';
import type { Spool } from '../../store/spool.ts';

/** A file in the spool that somebody takes away. */
export interface KeptFile {
  /** Its name in the spool; a name of ours, never one from outside. */
  spool: string;
  /** As the one who takes it sees it; from outside. */
  fileName: string;
  /** Hex, where it is known. */
  sha256?: string;
  /** It was made for this one time: it is removed when it was read. */
  passing?: true;
}

/** RFC 8187: what may stand in `filename*` unquoted. */
const extended = (name: string): string =>
  encodeURIComponent(name).replace(/['()*!]/g, (found) => `%${found.charCodeAt(0).toString(16).toUpperCase()}`);

/**
 * The header that gives a download its name (RFC 6266): an ASCII form without anything that could end the header or the
 * quotes or lead out of a folder, and the name itself, percent-encoded. Characters that turn the direction of text are
 * left out, so that `gpj.exe` stays what it is.
 */
export const attachment = (fileName: string): string => {
  const clean = fileName
    .toWellFormed()
    .replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '')
    .replace(/[/\\]/g, '_');
  const name = clean === '' || /^\.+$/.test(clean) ? 'file' : clean;
  const ascii = name.replace(/[^\x20-\x7e]|["%;]/g, '_');
  return `attachment; filename="${ascii}"; filename*=UTF-8''${extended(name)}`;
};

const gone = (fileName: string): Fault =>
  new Fault({
    operation: 'read',
    object: fileName,
    reason: 'its bytes are not in the spool',
    hint: 'tell the people who run the service; the log and "nightdrop prove" say more',
    next: 'hold',
    code: 'spool-missing',
  });

/** The bytes of a file, as they are read: the memory stays flat however large it is. */
export const download = async (spool: Spool, file: KeptFile): Promise<Response> => {
  const found = await stat(spool.pathOf(file.spool)).catch((error: unknown) => {
    throw error instanceof Error && 'code' in error && error.code === 'ENOENT'
      ? gone(file.fileName)
      : asFault(error, 'read', file.fileName);
  });
  const stream = spool.read(file.spool);
  if (file.passing) stream.once('close', () => void spool.remove(file.spool).catch(() => undefined)); // what stays is swept
  const digest = file.sha256 === undefined ? undefined : Buffer.from(file.sha256, 'hex').toString('base64');
  return new Response(Readable.toWeb(stream) as ReadableStream, {
    headers: {
      'Content-Type': 'application/octet-stream',
      'Content-Length': String(found.size),
      'Content-Disposition': attachment(file.fileName),
      ...(digest === undefined ? {} : { 'Repr-Digest': `sha-256=:${digest}:` }),
    },
  });
};

/** What a file of ours cannot be had for any more. */
export const letGo = (fileName: string, key: string): Fault =>
  new Fault({
    operation: 'read',
    object: fileName,
    reason: `its bytes were let go of after ${key}`,
    hint: 'what became of it is kept; only the bytes are gone',
    next: 'refuse',
    code: 'expired',
  });
