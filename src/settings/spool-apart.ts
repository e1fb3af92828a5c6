import { dirname, relative, sep } from 'node:path';
import type { PartnerDraft } from './partner-file.ts';
import { type Reading, report } from './problem.ts';
import type { NightdropFile } from './settings.ts';

/** Whether `inner` is `outer` or lies in it; both absolute and resolved. */
const isWithin = (inner: string, outer: string): boolean => {
  const path = relative(outer, inner);
  return path !== '..' && !path.startsWith(`..${sep}`);
};

/** Folders that hold something of ours besides: the spool may lie in them, but must not be one of them or above it. */
const ownFolders = ({ dataFolder }: Reading, { database }: NightdropFile): [string, string][] => {
  const url = database.url.reveal();
  const own: [string, string][] = [[dataFolder, 'the data folder']];
  if (url.startsWith('sqlite:')) own.push([dirname(url.slice('sqlite:'.length)), "the database file's folder"]);
  return own;
};

const dropFolders = (partners: readonly PartnerDraft[]): [string, string][] =>
  partners
    .flatMap((partner) => partner.drops)
    .flatMap(({ name, plan }) => {
      if (plan?.spec.kind !== 'folder') return [];
      const { folder, partialFolder = folder } = plan.spec;
      return [...new Set([folder, partialFolder])].map((one): [string, string] => [
        one,
        `the folder of the drop "${name}"`,
      ]);
    });

/**
 * The spool is a folder of its own: we remove old files from it, partners remove files from their drops, and neither may
 * meet the other's files or the database's. Reports what it shares a place with, once.
 */
export const checkSpoolApart = (reading: Reading, file: NightdropFile, partners: readonly PartnerDraft[]): void => {
  const { folder } = file.spool;
  const hint = 'give it a folder of its own, such as spool, in which nothing else is kept';
  const say = (message: string): void => report(reading, ['spool', 'folder'], message, hint);
  const own = ownFolders(reading, file).find(([place]) => isWithin(place, folder));
  if (own) say(`is ${own[0] === folder ? '' : 'above '}${own[1]}`);
  const drop = dropFolders(partners).find(([place]) => isWithin(place, folder) || isWithin(folder, place));
  if (own || !drop) return;
  const [place, what] = drop;
  say(place === folder ? `is ${what}` : isWithin(place, folder) ? `is above ${what}` : `lies in ${what}`);
};
