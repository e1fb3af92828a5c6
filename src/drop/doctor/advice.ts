import type { Fault } from '../../fault.ts';
import type { DropSpec } from '../drop.ts';
import { ownAddresses } from './network.ts';
import type { Advice, StepName } from './report.ts';

/** What was seen on the way: the ways to sign in, and where the server puts us. */
export interface Seen {
  offered: readonly string[];
  around: string | undefined;
}

const usualPort = {
  sftp: 'SFTP is usually 22',
  ftps: 'FTPS is usually 21 with "mode: explicit", 990 with "mode: implicit"',
};

const hostOf = (spec: DropSpec): string => (spec.kind === 'folder' ? spec.folder : `${spec.host}, port ${spec.port}`);
const portHint = (spec: DropSpec): string => (spec.kind === 'folder' ? '' : usualPort[spec.kind]);

const letUsIn = (): string => {
  const own = ownAddresses();
  return `ask the partner to let this machine in${own.length > 0 ? ` (its own addresses: ${own.join(', ')}; seen from outside it may be another)` : ''}`;
};

const notReached = (fault: Fault, spec: DropSpec): Advice => {
  if (fault.code === 'timeout' || /does not answer/.test(fault.reason))
    return {
      cause: `nobody answers at ${hostOf(spec)}: most often a firewall drops the call`,
      hint: `${letUsIn()}; otherwise check "host" and "port"`,
    };
  if (/nobody listens/.test(fault.reason))
    return {
      cause: `nobody listens at ${hostOf(spec)}`,
      hint: `check "port" (${portHint(spec)}), or ask the partner whether the server is up`,
    };
  return { cause: fault.reason, hint: fault.hint };
};

const keyHint = 'ask the partner to add the public half of "key" to this user';

/** What is wrong with a sign-in, from what the drop has and the server offers. */
const notSignedIn = (fault: Fault, spec: DropSpec, offered: readonly string[]): Advice => {
  if (spec.kind === 'folder' || fault.code !== 'sign-in') return { cause: fault.reason, hint: fault.hint };
  if (spec.kind === 'ftps')
    return {
      cause: `the server does not accept user "${spec.user}" with this password`,
      hint: 'check "user" and "password" with the partner',
    };
  const asks = offered.some((way) => way === 'password' || way === 'keyboard-interactive');
  if (spec.key && offered.length > 0 && !offered.includes('publickey'))
    return {
      cause: `the server takes no keys, only ${offered.join(', ')}`,
      hint: 'ask the partner for a password and set password: {env: NAME} instead of "key"',
    };
  if (spec.password && offered.length > 0 && !asks)
    return {
      cause: `the server takes no passwords, only ${offered.join(', ')}`,
      hint: 'set key: {file: PATH} instead of "password", and give the partner its public half',
    };
  if (/cannot parse|privatekey|sign/i.test(fault.reason)) return { cause: fault.reason, hint: fault.hint };
  return spec.key
    ? { cause: `the server does not accept the key for user "${spec.user}"`, hint: `${keyHint}, and check "user"` }
    : {
        cause: `the server does not accept user "${spec.user}" with this password`,
        hint: 'check "user" and "password" with the partner',
      };
};

const folderHint = (spec: DropSpec): string =>
  spec.folder.startsWith('/')
    ? 'correct "folder" (servers often lock a user into a place of its own: try "folder: ." or a name without the first /), or ask the partner to create it'
    : 'correct "folder", or ask the partner to create it';

const noFolder = (fault: Fault, spec: DropSpec, around: string | undefined): Advice => {
  const apart = spec.partialFolder;
  if (apart === undefined || !(fault.object.startsWith(apart) || fault.object.startsWith('partialFolder')))
    return noFinalFolder(fault, spec, around);
  return {
    cause: `the folder for files in flight, ${apart}: ${fault.reason}`,
    hint: 'ask the partner to create it, correct "partialFolder", or leave it out',
  };
};

const noFinalFolder = (fault: Fault, spec: DropSpec, around: string | undefined): Advice => ({
  cause: `the folder ${spec.folder}: ${fault.reason}${around ? ` (${around})` : ''}`,
  hint: spec.kind === 'folder' ? 'create the folder, mount what belongs there, or correct "folder"' : folderHint(spec),
});

const notAllowed = (spec: DropSpec, what: string): Advice => ({
  cause:
    spec.kind === 'folder'
      ? `this program may not ${what} in ${spec.folder}`
      : `the user "${spec.user}" may not ${what} in ${spec.folder}`,
  hint:
    spec.kind === 'folder'
      ? 'give the user that runs Nightdrop the right to write in the folder'
      : 'ask the partner for the right to create, rename and delete files there, or for the right "folder"',
});

const isNo = (fault: Fault): boolean => fault.code === 'denied' || fault.code === 'refused';

const full: Advice = {
  cause: 'no space or quota is left at the drop',
  hint: 'ask the partner to free space or raise the quota; nothing is to be set here',
};

const noRename = (fault: Fault, spec: DropSpec): Advice => ({
  cause: `the server lets us write and not rename: ${fault.reason}`,
  hint:
    spec.partialFolder === undefined
      ? 'ask the partner for the right to rename; if there is none to be had: "rename: false" for this drop and marker: "{name}.done" in the files of its feeds'
      : 'often "partialFolder" lies on another file system than "folder"; leave "partialFolder" out, or put both on one',
});

const blind: Advice = {
  cause: 'the server lets nobody look whether a file is there: not by name, not in a list, not by reading it',
  hint: 'ask the partner for the right to list or read the folder; if there is none to be had: "confirm: none" for this drop (over FTPS with "replace: true")',
};

const busy: Advice = {
  cause: 'the server has as many sessions as it allows',
  hint: 'end other sessions of this user or wait; if it stays: "sessions: 1" for this drop',
};

const noData = (fault: Fault, spec: DropSpec): Advice | undefined => {
  if (/session reuse|reuse .*session|ssl session|tls session/i.test(fault.reason))
    return {
      cause: `the server requires that data connections take up the TLS session, and does not see that they do (${fault.reason})`,
      hint: 'set tls: { max: TLSv1.2 } for this drop; if that does not help, ask the partner to switch the requirement off',
    };
  if (fault.code === 'unreachable' || fault.code === 'timeout')
    return {
      cause: `signed in, but the data connection cannot be made: ${fault.reason}`,
      hint: `ask the partner to open the passive port range of the server at ${hostOf(spec)} to us, in its firewall too`,
    };
  return undefined;
};

const byStep = (step: StepName, fault: Fault, spec: DropSpec, { offered, around }: Seen): Advice | undefined => {
  switch (step) {
    case 'name':
    case 'tcp':
      return notReached(fault, spec);
    case 'sign-in':
      return notSignedIn(fault, spec, offered);
    case 'sftp':
      return {
        cause: 'the sign-in worked, but SFTP is not offered to this user',
        hint: 'ask the partner to allow SFTP (the subsystem "sftp") for this user',
      };
    case 'passive':
      return noData(fault, spec);
    case 'folder':
      return fault.code === 'folder'
        ? noFolder(fault, spec, around)
        : isNo(fault)
          ? notAllowed(spec, 'look')
          : undefined;
    case 'write':
      return fault.code === 'denied' ? notAllowed(spec, 'write') : undefined;
    case 'rename':
      return isNo(fault) ? noRename(fault, spec) : undefined;
    default:
      return undefined;
  }
};

const inGeneral = (fault: Fault): Advice => {
  switch (fault.code) {
    case 'timeout':
      return {
        cause: `the server fell silent: ${fault.reason}`,
        hint: 'try again; if it stays, ask the partner what its log says, and whether a firewall looks into the traffic',
      };
    case 'cut':
      return { cause: fault.reason, hint: 'ask the partner what its log says: the server ended the connection' };
    default:
      return { cause: fault.reason, hint: fault.hint };
  }
};

/** The cause of a failed step in plain words, and the setting to use or whom to ask. Pure but for this machine's addresses. */
export const advise = (step: StepName, fault: Fault, spec: DropSpec, seen: Seen): Advice => {
  if (fault.code === 'disk-full') return full;
  if (fault.code === 'blind') return blind;
  if (fault.code === 'busy') return busy;
  return byStep(step, fault, spec, seen) ?? inGeneral(fault);
};
