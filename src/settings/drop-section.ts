import { z } from 'zod';
import type { DropOptions, DropSpec, FolderSpec, SftpSpec } from '../drop/drop.ts';
import { keyProblem } from '../drop/private-key.ts';
import type { DropPlan } from '../outbound/delivery/delivery.ts';
import type { Secret } from '../secret.ts';
import { type Path, type Reading, report, valueAt } from './problem.ts';
import { reveal, secretSource } from './secret-source.ts';
import { oneOf, read, strict, text, whole, yesNo } from './shape.ts';
import { duration, fingerprint, host, inDataFolder } from './values.ts';

/** How long a step at a drop may go without progress, in milliseconds. */
const stepTimeout = 30_000;

const kinds = oneOf(['sftp', 'folder'], {
  ftps: 'FTPS drops come with the next release',
  ftp: 'plain FTP sends the password and every row readable to anyone on the way, so it is not offered',
});

const common = {
  kind: kinds,
  unknown: oneOf(['send', 'hold']).default('hold'),
  rename: yesNo.default(true),
  partialFolder: text('/inbound/.partial').optional(),
  confirm: oneOf(['size', 'digest', 'none']).default('size'),
  replace: yesNo.default(false),
  concurrency: whole(1, 256).default(16),
  sessions: whole(1, 64).default(4),
  giveUpAfter: duration.default(72 * 3_600_000),
  watchPickup: yesNo.default(false),
  pickupWithin: duration.optional(),
};

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

type Common = {
  unknown: 'send' | 'hold';
  giveUpAfter: number;
  watchPickup: boolean;
  pickupWithin?: number | undefined;
  rename: boolean;
  partialFolder?: string | undefined;
  confirm: 'size' | 'digest' | 'none';
  replace: boolean;
  concurrency: number;
  sessions: number;
};

const plan = (spec: DropSpec, { unknown, giveUpAfter, watchPickup, pickupWithin, sessions }: Common): DropPlan => ({
  spec,
  unknown,
  giveUpAfter,
  watchPickup,
  sessions,
  ...(pickupWithin === undefined ? {} : { pickupWithin }),
});
const withoutSlash = (folder: string): string => folder.replace(/(.)\/+$/, '$1');

const options = ({ concurrency, replace, rename, partialFolder, confirm }: Common): DropOptions => ({
  concurrency,
  stepTimeout,
  replace,
  rename,
  confirm,
  ...(partialFolder === undefined ? {} : { partialFolder: withoutSlash(partialFolder) }),
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

const checkHostKeys = (reading: Reading, path: Path, port: number | undefined, name: string | undefined): void => {
  const pinned = valueAt(reading.raw, [...path, 'hostKeys']);
  if (pinned !== undefined && pinned !== null && !(Array.isArray(pinned) && pinned.length === 0)) return;
  const scan = `ssh-keyscan -p ${port ?? 22} ${name ?? 'HOST'} | ssh-keygen -lf -`;
  const hint = `this prints what the server shows: ${scan}; compare it with what the partner says`;
  report(reading, [...path, 'hostKeys'], 'is missing; without it anyone could pose as the server', hint);
};

const sftpDrop = (reading: Reading, path: Path, name: string): DropPlan | undefined => {
  const { good, whole: all } = read(reading, path, sftpShape);
  checkSignIn(reading, path);
  checkHostKeys(reading, path, good.port, good.host);
  const password = reveal(reading, [...path, 'password'], good.password);
  const key = reveal(reading, [...path, 'key'], good.key);
  const passphrase = reveal(reading, [...path, 'passphrase'], good.passphrase);
  checkKey(reading, path, key, passphrase);
  if (!all) return undefined;
  const { host: server, port, user, hostKeys = [] } = all;
  const folder = all.folder.replace(/(.)\/+$/, '$1');
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
    case 'folder':
      return folderDrop(reading, path, name);
    default:
      read(reading, path, z.object(anyShape.shape));
      return undefined;
  }
};
