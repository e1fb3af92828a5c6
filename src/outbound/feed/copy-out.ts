import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { partBeside } from '../../file/name-template.ts';
import { asFault, Fault } from '../../fault.ts';
import { safeName } from '../../safe-name.ts';

/** The path of a part: the first is what was asked for, the others lie beside it: `a.csv`, `a_part2.csv` … */
export const pathOfPart = (out: string, part: number): string =>
  part === 1 ? out : join(dirname(out), partBeside(safeName(basename(out)), part));

/**
 * Copies files of the spool to `out` and beside it. Fault `exists` (refuse) when a part would replace a file that nobody
 * has named.
 */
export const copyOut = async (spooled: readonly string[], out: string): Promise<string[]> => {
  const paths = spooled.map((_, index) => pathOfPart(out, index + 1));
  for (const path of paths.slice(1)) await refuseExisting(path);
  for (const [index, from] of spooled.entries()) await copyWhole(from, paths[index] ?? out);
  return paths;
};

const refuseExisting = async (path: string): Promise<void> => {
  const exists = await access(path).then(
    () => true,
    () => false,
  );
  if (!exists) return;
  throw new Fault({
    operation: 'write',
    object: path,
    reason: 'the feed splits its files, and a file of that name is already there',
    hint: 'remove it, or choose another name',
    next: 'refuse',
    code: 'exists',
  });
};

/** Copies the bytes beside `path` first and renames them, so that a file of that name is always whole. */
const copyWhole = async (from: string, path: string): Promise<void> => {
  const partial = `${path}.${randomUUID()}.part`;
  try {
    const handle = await open(partial, 'w');
    await pipeline(createReadStream(from), handle.createWriteStream({ flush: true }));
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw asFault(error, 'write', path);
  }
};
