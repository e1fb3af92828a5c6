import { Fault } from '../../fault.ts';
import { faultOf, meanings, type Meaning, type Step } from '../fault-table.ts';
import { cut, networkErrors } from '../network-faults.ts';

const refused: Meaning = {
  code: 'refused',
  next: 'retry',
  hint: 'the server gives no clearer reason; often the disk or quota is full, or a rule forbids it: ask the partner',
};
const signIn: Meaning = {
  code: 'sign-in',
  next: 'hold',
  hint: 'check user, password and key with the partner',
};

/** Status codes of SFTP: version 3 knows 0–8, the rest are of later versions and are sent by some version 3 servers too. */
const statuses: Record<number, Meaning> = {
  1: cut('the server reports an unexpected end'),
  2: meanings.missing,
  3: meanings.denied,
  4: refused,
  5: { ...refused, hint: 'the server did not understand the request; try "concurrency: 1" for this drop' },
  6: cut('the server has no connection to its storage'),
  7: cut('the server lost the connection to its storage'),
  8: {
    ...refused,
    next: 'hold',
    hint: 'the server does not offer this operation, or a rule forbids it: ask the partner',
  },
  10: meanings.folder,
  11: meanings.taken,
  12: meanings.readOnly,
  13: { ...refused, hint: 'the server has no medium there: ask the partner' },
  14: meanings.full,
  15: meanings.full,
  16: { ...refused, next: 'hold', hint: 'the server does not know this user: ask the partner' },
  17: { ...refused, hint: 'something locks the file at the drop; it is tried again' },
  19: { ...meanings.folder, reason: 'it is not a folder' },
  20: { ...refused, next: 'hold', hint: 'the server does not accept this file name' },
};

/** Words of ssh2 and of servers that say only "failure", in the order they are tried. */
const phrases: [RegExp, Meaning][] = [
  [/no space|out of (disk )?space|disk (is )?full|quota/i, meanings.full],
  [/already exists|file exists/i, meanings.taken],
  [/too many (users|sessions|connections|logins)|resource shortage|maximum number of/i, meanings.busy],
  [
    /all configured authentication methods failed|too many authentication/i,
    { ...signIn, reason: 'user, password or key not accepted' },
  ],
  [/password has expired/i, { ...signIn, hint: 'ask the partner for a new password' }],
  [/cannot parse privatekey|private key/i, { ...signIn, hint: 'check "key" and "passphrase"' }],
  [/signing data with key/i, { ...signIn, hint: 'the key cannot sign; make a new one' }],
  [/connection lost before handshake/i, cut('the server hung up before it greeted')],
  [
    /no response from server|unexpected (end|close) event|not connected|connection (has )?(ended|is closed)/i,
    cut('the connection ended'),
  ],
  [
    /no matching|handshake failed/i,
    { code: 'refused', next: 'hold', hint: 'the server and we know no common algorithm, or the key exchange failed' },
  ],
  [
    /(open|establish).*(channel|sftp session)|subsystem|channel open failure|unable to start/i,
    {
      code: 'refused',
      next: 'hold',
      hint: 'signed in, but SFTP is not offered to this user: ask the partner',
    },
  ],
  [/disconnected:/i, { code: 'cut', next: 'retry', hint: 'the server ended the connection; ask the partner why' }],
  [
    /invalid (header|answer)|identification|packet|malformed|protocol|mac mismatch|(header|greeting) lines?/i,
    {
      code: 'refused',
      next: 'retry',
      hint: 'what answers there does not speak SSH properly; check "host" and "port"',
    },
  ],
];

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Status 4 says only "failure": the words may know more. 2 means the folder where the step was about the folder. */
const statusMeaning = (status: number, phrase: Meaning | undefined, step: Step): Meaning => {
  if (status === 2 && !step.inFolder) return meanings.folder;
  const byWords = status === 4 ? phrase : undefined;
  return byWords ?? statuses[status] ?? { ...refused, hint: `${refused.hint} (status ${status})` };
};

const meaningOf = (error: unknown, step: Step): Meaning => {
  const { code, level } = Object(error) as { code?: unknown; level?: unknown };
  const words = wordsOf(error);
  const phrase = phrases.find(([pattern]) => pattern.test(words))?.[1];
  if (typeof code === 'number' && level === undefined) return statusMeaning(code, phrase, step);
  if (level === 'client-authentication') return phrase ?? signIn;
  const system = typeof code === 'string' ? networkErrors[code] : undefined;
  return system ?? phrase ?? { code: 'unforeseen', next: 'bug', hint: 'please report it with the log' };
};

/** A failed step at an SFTP server as a DropFault; a Fault stays as it is. Nothing is swallowed: what is not known is `unforeseen`. */
export const sftpFault = (error: unknown, step: Step): Fault =>
  error instanceof Fault ? error : faultOf(meaningOf(error, step), step, wordsOf(error), error);
