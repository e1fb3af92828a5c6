import { Fault } from './fault.ts';

declare const safe: unique symbol;

/** A file name that cannot leave its folder: no separators, no control characters, not `.` or `..`, at most 255 bytes. */
export type SafeName = string & { readonly [safe]: true };

/** Why `name` is not a safe file name, or undefined when it is one. */
export const unsafeReason = (name: string): string | undefined => {
  if (name === '') return 'it is empty';
  if (name === '.' || name === '..') return 'it names a folder';
  if (/[/\\]/.test(name)) return 'it contains a path separator';
  if (/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(name)) return 'it contains a control character';
  if (!name.isWellFormed()) return 'it is not well-formed Unicode';
  if (Buffer.byteLength(name) > 255) return 'it is longer than 255 bytes';
  return undefined;
};

/** The only way to make a SafeName. Throws a Fault `unsafe-name`. */
export const safeName = (name: string): SafeName => {
  const reason = unsafeReason(name);
  if (reason === undefined) return name as SafeName;
  throw new Fault({
    operation: 'use the file name',
    object: JSON.stringify(name),
    reason,
    hint: 'a file name may not contain / \\ or control characters',
    next: 'refuse',
    code: 'unsafe-name',
  });
};
