import { Fault } from '../../fault.ts';
import { faultOf, meanings, type Meaning, type Step } from '../fault-table.ts';

/** The code of a system error, such as `ENOENT`; empty for anything else. */
export const systemCode = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : '';

/** A rename does not cross file systems, and a copy would show parts of a file. */
export const otherFileSystem: Meaning = {
  code: 'folder',
  next: 'hold',
  reason: '"partialFolder" lies on another file system than "folder"',
  hint: 'choose a "partialFolder" on the file system of "folder", or leave it out',
};

const table: Record<string, Meaning> = {
  EACCES: meanings.denied,
  EPERM: meanings.denied,
  EROFS: meanings.readOnly,
  ENOSPC: meanings.full,
  EDQUOT: meanings.full,
  ENOTDIR: { ...meanings.folder, reason: 'it is not a folder' },
  EEXIST: meanings.taken,
  EISDIR: { ...meanings.taken, reason: 'a folder of that name is there' },
  EXDEV: otherFileSystem,
  EFBIG: {
    code: 'refused',
    next: 'hold',
    reason: 'the file is too large there',
    hint: 'raise the limit on file sizes',
  },
  ENAMETOOLONG: {
    code: 'refused',
    next: 'hold',
    reason: 'the name is too long there',
    hint: 'use a shorter file name',
  },
  EINVAL: { code: 'refused', next: 'hold', reason: 'the name is not allowed there', hint: 'use a plainer file name' },
  EMFILE: { code: 'refused', next: 'retry', reason: 'too many open files', hint: 'raise the limit on open files' },
  ENFILE: { code: 'refused', next: 'retry', reason: 'too many open files', hint: 'raise the limit on open files' },
  EBUSY: { code: 'refused', next: 'retry', hint: 'something holds the file or the folder; it is tried again' },
  EIO: { code: 'refused', next: 'retry', reason: 'the disk reports an error', hint: 'check the disk' },
  ESTALE: { code: 'cut', next: 'retry', reason: 'the network file system lost it', hint: 'check the mount' },
  ENOTCONN: { code: 'cut', next: 'retry', reason: 'the file system is not connected', hint: 'check the mount' },
  EHOSTDOWN: { code: 'unreachable', next: 'retry', reason: 'the file server is down', hint: 'check the mount' },
  ETIMEDOUT: { code: 'timeout', next: 'retry', reason: 'the file server does not answer', hint: 'check the mount' },
};

/** A failed step in a folder as a DropFault; a Fault stays as it is. */
export const folderFault = (error: unknown, step: Step): Fault => {
  if (error instanceof Fault) return error;
  const code = systemCode(error);
  const missing = step.inFolder ? meanings.missing : meanings.folder;
  const known = code === 'ENOENT' ? missing : table[code];
  const unforeseen: Meaning = { code: 'unforeseen', next: 'bug', hint: 'please report it with the log' };
  return faultOf(known ?? unforeseen, step, error instanceof Error ? error.message : String(error), error);
};
