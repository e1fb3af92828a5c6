import type { FtpsSpec } from '../drop.ts';
import { faultOf, type Meaning, type Step } from '../fault-table.ts';
import { replyOf } from './faults.ts';
import type { Link } from './link.ts';
import { folderOf, onFolder, partialFolderOf } from './place.ts';

/** A step that is about the server as a whole. */
export const onServer = (host: Pick<FtpsSpec, 'name' | 'host' | 'port'>, operation: string): Step => ({
  operation,
  object: `${host.name} (${host.host}:${host.port})`,
  inFolder: false,
});

const control = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

/** A line break in a value would be a command of its own; such a value is refused before anybody is called. */
export const refuseControls = (spec: FtpsSpec): void => {
  const wrong = (meaning: Omit<Meaning, 'next' | 'reason'>, what: string) =>
    faultOf(
      { ...meaning, next: 'hold', reason: `${what} contains a control character` },
      onServer(spec, 'sign in to'),
      '',
      undefined,
    );
  const signIn = { code: 'sign-in', hint: 'correct it; a command of FTP is one line' } as const;
  if (control.test(spec.user)) throw wrong(signIn, 'the user');
  if (control.test(spec.password.reveal())) throw wrong(signIn, 'the password');
  if (control.test(spec.folder + (spec.partialFolder ?? ''))) throw wrong({ ...signIn, code: 'folder' }, 'the folder');
};

const askIfOffered = (link: Link, step: Step, feature: string, command: string): Promise<unknown> =>
  link.features.has(feature) ? link.ask(step, command).catch(unlessRefused) : Promise.resolve();

const unlessRefused = (error: unknown): undefined => {
  if (replyOf(error) !== undefined && replyOf(error) !== 421) return undefined;
  throw error;
};

/** USER and PASS. Faults: `sign-in`, `busy`. */
export const signIn = async (link: Link, spec: FtpsSpec): Promise<void> => {
  const step = onServer(spec, 'sign in to');
  let { code } = await link.ask(step, 'USER', spec.user);
  if (code === 331) ({ code } = await link.ask(step, 'PASS', spec.password.reveal()));
  if (code < 300) return;
  const hint = 'an account is asked for beside user and password; that is not offered here. Ask the partner';
  throw faultOf({ code: 'sign-in', next: 'hold', hint }, step, `the server answers with ${code}`, undefined);
};

/** ` MLST size*;modify*;` and the like, one a line (RFC 2389). */
const featuresIn = (message: string): Set<string> => {
  const lines = message.split('\n').slice(1, -1);
  return new Set(lines.map((line) => (/^\s*(\S+)/.exec(line)?.[1] ?? '').toUpperCase()));
};

/** Bytes as they are, data connections protected, names in UTF-8. */
export const setUp = async (link: Link, spec: FtpsSpec): Promise<void> => {
  const step = onServer(spec, 'set up');
  const features = await link.ask(step, 'FEAT').catch(unlessRefused);
  link.features = featuresIn(features?.message ?? '');
  await askIfOffered(link, step, 'UTF8', 'OPTS UTF8 ON');
  const protect = onServer(spec, 'protect the data connections of');
  await link.ask(protect, 'PBSZ', '0');
  await link.ask(protect, 'PROT', 'P');
  await link.ask(step, 'TYPE', 'I');
};

/** `257 "/a ""quoted"" name" is the folder` (RFC 959, appendix II). */
const homeIn = (message: string): string => /"((?:[^"]|"")*)"/.exec(message)?.[1]?.replaceAll('""', '"') ?? '/';

/** Into the drop's folder, after a look whether the one for files in flight is there. */
export const enter = async (link: Link, spec: FtpsSpec): Promise<void> => {
  const [folder, apart] = [folderOf(spec), partialFolderOf(spec)];
  if (apart !== folder) {
    link.home = homeIn((await link.ask(onFolder(spec, 'look for'), 'PWD')).message);
    await link.ask(onFolder(spec, 'open', apart), 'CWD', apart);
    await link.ask(onFolder(spec, 'open'), 'CWD', link.home);
  }
  if (folder !== '.') await link.ask(onFolder(spec, 'open'), 'CWD', folder);
};
