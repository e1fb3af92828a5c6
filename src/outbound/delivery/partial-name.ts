import { randomBytes } from 'node:crypto';
import { type SafeName, safeName } from '../../safe-name.ts';

/** Of the 255 bytes that a name may have; the rest is for the ending of `asideName`. */
const longest = 246;

/**
 * The name of a file while its bytes are in flight: `.{name}.{attempt}.part`. The attempt's number and a random word make
 * it one that was never used before, so that a late rename can only publish a whole file. A long name is cut.
 */
export const partialName = (fileName: string, attempt: number): SafeName => {
  const tail = `.${attempt}-${randomBytes(4).toString('hex')}.part`;
  return safeName(`.${cut(fileName, longest - 1 - Buffer.byteLength(tail))}${tail}`);
};

/** At most `bytes` bytes of UTF-8, never half a character. */
const cut = (text: string, bytes: number): string => {
  let kept = text;
  while (Buffer.byteLength(kept) > bytes) kept = [...kept].slice(0, -1).join('');
  return kept;
};
