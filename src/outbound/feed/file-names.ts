import {
  alternative,
  manualName,
  markerName,
  namesFile,
  type NameTemplate,
  parseMarkerTemplate,
  parseNameTemplate,
  renderName,
} from '../../file/name-template.ts';
import { Fault } from '../../fault.ts';
import { packedNames, type PackedNames } from '../../file/packed-name.ts';
import { type SafeName, safeName } from '../../safe-name.ts';
import { takenNames } from './batches.ts';
import type { FeedContext } from './context.ts';
import type { Feed, FileSpec } from './feed.ts';

/** What a batch's names are made of: due time and number; a manual export has the time it was asked for, and no number. */
export interface Naming {
  /** Milliseconds. */
  due: number;
  number?: number;
}

/** The final names of all files of a batch. */
export interface BatchNames {
  /** Of a file with rows, from 1: the first is the batch's own, the others are its parts. */
  part(number: number): SafeName;
  sidecar?: SafeName;
  marker?: SafeName;
}

/** What a sidecar's name adds to that of the file. */
export const sidecarSuffix = { none: undefined, sha256: '.sha256', manifest: '.manifest.json' } as const;

/** The names that a file has before, between and after the steps that pack it. */
export const namesOf = ({ compress, encrypt }: Pick<FileSpec, 'compress' | 'encrypt'>, name: string): PackedNames =>
  packedNames(name, { compress, encrypt: encrypt !== undefined });

/** The name that a file has once it is packed. */
export const packedName = (file: Pick<FileSpec, 'compress' | 'encrypt'>, name: SafeName): SafeName =>
  safeName(namesOf(file, name).sent);

/** A checked template. The settings have refused bad ones; a Fault here is a bug. */
const checked = (feed: Feed, parsed: { template: NameTemplate } | { problems: string[] }): NameTemplate => {
  if ('template' in parsed) return parsed.template;
  throw new Fault({
    operation: 'name a file of',
    object: feed.name,
    reason: parsed.problems.join('; '),
    hint: 'run nightdrop check',
    next: 'refuse',
    code: 'file-name',
  });
};

/** The `n`th choice of names: from the second on with `_2`, `_3` … in each. */
const nthNames = (feed: Feed, { due, number }: Naming, n: number): BatchNames => {
  const { file, timezone, partner } = feed;
  const other = (name: SafeName): SafeName => (n === 1 ? name : alternative(name, n));
  const values = { feed: feed.name, partner, due, timezone };
  const template = checked(feed, parseNameTemplate(file.name));
  const part = (which: number): SafeName => {
    const known = { ...values, part: which };
    const plain = number === undefined ? manualName(template, known) : renderName(template, { ...known, number });
    return other(packedName(file, plain));
  };
  const own = part(1);
  const suffix = sidecarSuffix[file.sidecar];
  const names: BatchNames = { part, ...(suffix !== undefined && { sidecar: safeName(own + suffix) }) };
  if (file.marker === undefined) return names;
  const marker = checked(feed, parseMarkerTemplate(file.marker));
  const name = markerName(marker, { ...values, name: own, ...(number !== undefined && { number }) });
  return { ...names, marker: namesFile(marker) ? name : other(name) };
};

/**
 * Names that are free for so many files: the templates', or all with `_2`, `_3` … where an earlier batch of the feed has
 * one of them.
 */
export const freeNames = async (ctx: FeedContext, feed: Feed, naming: Naming, parts = 1): Promise<BatchNames> => {
  for (let n = 1; ; n++) {
    const names = nthNames(feed, naming, n);
    const { part, ...others } = names;
    const wanted = [...Array.from({ length: parts }, (_, index) => part(index + 1)), ...Object.values(others)];
    if ((await takenNames(ctx.store.read, feed.name, wanted)).length === 0) return names;
  }
};
