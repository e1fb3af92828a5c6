import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, open, readdir, rename, rm } from 'node:fs/promises';
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
 * has named, or when a file beside those of a feed that splits
 * them looks like one part more.
 */
export const copyOut = async (spooled: readonly string[], out: string, isSplit: boolean): Promise<string[]> => {
  const paths = spooled.map((_, index) => pathOfPart(out, index + 1));
  for (const path of paths.slice(1)) await refuseExisting(path);
  if (isSplit) await refuseLaterParts(out, paths.length);
  for (const [index, from] of spooled.entries()) await copyWhole(from, paths[index] ?? out);
  return paths;
};

/** Parts of an earlier, longer export: whoever takes all parts would take its rows too. */
const refuseLaterParts = async (out: string, count: number): Promise<void> => {
  const names = await readdir(dirname(out)).catch(() => []); // a folder that is missing is said when it is written to
  for (const name of names.toSorted()) {
    const [, before, part, after] = /^(.+)_part(\d{1,6})(.*)$/.exec(name) ?? [];
    if (`${before}${after}` !== basename(out) || Number(part) <= count) continue;
    if (join(dirname(out), name) === pathOfPart(out, Number(part)))
      throw exists(
        join(dirname(out), name),
        `the export has ${count} of these files, and this one looks like one more`,
      );
  }
};

const refuseExisting = async (path: string): Promise<void> => {
  const found = await access(path).then(
    () => true,
    () => false,
  );
  if (found) throw exists(path, 'the feed splits its files, and a file of that name is already there');
};

const exists = (path: string, reason: string): Fault =>
  new Fault({
    operation: 'write',
    object: path,
    reason,
    hint: 'remove it, or choose another name',
    next: 'refuse',
    code: 'exists',
  });

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
