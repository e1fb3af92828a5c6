import { z } from 'zod';
import type { FolderSpec, SftpSpec } from '../drop/drop.ts';
import { keyProblem } from '../drop/sftp/private-key.ts';
import type { DropPlan } from '../outbound/delivery/delivery.ts';
import type { Secret } from '../secret.ts';
import { common, kinds, options, plan, withoutSlash } from './drop-common.ts';
import { ftpsDrop } from './ftps-section.ts';
import { type Path, type Reading, report, valueAt } from './problem.ts';
import { reveal, secretSource } from './secret-source.ts';
import { read, strict, text, whole } from './shape.ts';
import { fingerprint, host, inDataFolder } from './values.ts';

const folderShape = strict({ ...common, folder: text('drops/acme') });

const sftpShape = strict({
  ...common,
  host,
  port: whole(1, 65535).default(22),
  user: text('nightdrop'),
  password: secretSource.optional(),
  key: secretSource.optional(),
  passphrase: secretSource.optional(),
  hostKeys: z.array(fingerprint).optional(),
  folder: text('/inbound').default('.'),
});

const folderDrop = (reading: Reading, path: Path, name: string): DropPlan | undefined => {
  const all = read(reading, path, folderShape).whole;
  if (!all) return undefined;
  const here = (folder: string) => inDataFolder(reading.dataFolder, folder);
  const partialFolder = all.partialFolder === undefined ? {} : { partialFolder: here(all.partialFolder) };
  const spec: FolderSpec = { kind: 'folder', name, folder: here(all.folder), ...options(all), ...partialFolder };
  return plan(spec, all);
};

const checkPartialFolder = (reading: Reading, path: Path): void => {
  const given = (key: string) => valueAt(reading.raw, [...path, key]);
  if (given('partialFolder') === undefined || ![false, 'no'].includes(given('rename') as boolean | string)) return;
  const hint = 'leave it out, or let the drop rename';
  report(reading, [...path, 'partialFolder'], 'is not used: without renames files are written in "folder"', hint);
};

const checkKey = (reading: Reading, path: Path, key: Secret | undefined, passphrase: Secret | undefined): void => {
  // A passphrase that could not be read has its own problem; blaming the key for it would mislead.
  if (!key || (!passphrase && valueAt(reading.raw, [...path, 'passphrase']) !== undefined)) return;
  const problem = keyProblem(key.reveal(), passphrase?.reveal());
  if (problem) report(reading, [...path, problem.of], problem.message, problem.hint);
};

const checkSignIn = (reading: Reading, path: Path): void => {
  const given = (key: string) => valueAt(reading.raw, [...path, key]) !== undefined;
  const ways = 'write key: {file: PATH} or password: {env: NAME}';
  if (given('password') && given('key')) report(reading, path, 'has both a password and a key', 'keep one of the two');
  if (!given('password') && !given('key')) report(reading, path, 'has neither a password nor a key', ways);
  if (given('passphrase') && !given('key'))
    report(reading, [...path, 'passphrase'], 'has no key to open', 'it belongs to key: {file: PATH}');
};

const checkHostKeys = (reading: Reading, path: Path, name: string): void => {
  const pinned = valueAt(reading.raw, [...path, 'hostKeys']);
  if (pinned !== undefined && pinned !== null && !(Array.isArray(pinned) && pinned.length === 0)) return;
  const hint = `"npx nightdrop doctor ${name}" shows them, and signs in nowhere; compare with what the partner says`;
  report(reading, [...path, 'hostKeys'], 'is missing; without it anyone could pose as the server', hint);
};

const sftpDrop = (reading: Reading, path: Path, name: string): DropPlan | undefined => {
  const { good, whole: all } = read(reading, path, sftpShape);
  checkSignIn(reading, path);
  checkHostKeys(reading, path, name);
  const password = reveal(reading, [...path, 'password'], good.password);
  const key = reveal(reading, [...path, 'key'], good.key);
  const passphrase = reveal(reading, [...path, 'passphrase'], good.passphrase);
  checkKey(reading, path, key, passphrase);
  if (!all) return undefined;
  const { host: server, port, user, hostKeys = [] } = all;
  const folder = withoutSlash(all.folder);
  const signIn = { ...(password ? { password } : {}), ...(key ? { key } : {}), ...(passphrase ? { passphrase } : {}) };
  const spec: SftpSpec = { kind: 'sftp', name, host: server, port, user, hostKeys, folder, ...signIn, ...options(all) };
  return plan(spec, all);
};

const checkPickup = (reading: Reading, path: Path): void => {
  const given = (key: string) => valueAt(reading.raw, [...path, key]);
  if (given('pickupWithin') === undefined || [true, 'yes'].includes(given('watchPickup') as boolean | string)) return;
  const hint = 'add watchPickup: true, or leave it out';
  report(reading, [...path, 'pickupWithin'], 'nobody looks whether files are picked up', hint);
};

const anyShape = strict({ kind: kinds });

/** Reads `drops.NAME` of a partner's file. A kind that cannot be used is the only thing said about its drop. */
export const readDropSection = (reading: Reading, path: Path, name: string): DropPlan | undefined => {
  const kind = valueAt(reading.raw, [...path, 'kind']);
  checkPickup(reading, path);
  checkPartialFolder(reading, path);
  switch (kind) {
    case 'sftp':
      return sftpDrop(reading, path, name);
    case 'ftps':
      return ftpsDrop(reading, path, name);
    case 'folder':
      return folderDrop(reading, path, name);
    default:
      read(reading, path, z.object(anyShape.shape));
      return undefined;
  }
};
