import { asideName, DropFault, type Outgoing } from '../drop.ts';
import { faultOf, outcomeUnknown, type Step } from '../fault-table.ts';
import { replyOf, saysDenied } from './faults.ts';
import { look } from './look.ts';
import type { Place } from './place.ts';
import { taken } from '../put.ts';

/** Removes one file. Servers answer the same no to a file that is not there and to one that must stay: a look tells. */
export const remove = async (at: Place, name: string): Promise<void> => {
  try {
    await at.link.ask(at.step('remove', name), 'DELE', at.path(name));
  } catch (error) {
    if (replyOf(error) === undefined || replyOf(error) === 421) throw error;
    // Where nobody may look either, a no that speaks of no missing right is taken for "not there".
    const blindly = (failure: unknown) => {
      const bare = error instanceof DropFault && replyOf(error) === 550 && !saysDenied(error);
      return bare && failure instanceof DropFault && failure.code === 'blind' ? undefined : error;
    };
    if (await look(at, name).catch(blindly)) throw error;
  }
};

/** Only a refusal says for sure that nothing was renamed; 421 says that the server has gone, whatever it did before. */
const isRefusal = (error: unknown): boolean => (replyOf(error) ?? 0) >= 400 && replyOf(error) !== 421;

/** RNFR must say 350 and nothing else: after any other yes, replies and commands may be out of step. */
const announce = async ({ link, path }: Place, renaming: Step, from: string): Promise<void> => {
  const { code } = await link.say(renaming, 'RNFR', path(from));
  if (code === 350) return;
  const hint = 'the server does not speak FTP properly; it is tried again. If it stays, ask the partner';
  const fault = faultOf({ code: 'refused', next: 'retry', hint }, renaming, `it answers RNFR with ${code}`, undefined);
  link.line.end(fault);
  throw fault;
};

/**
 * RNFR and RNTO. Gives the server's refusal of RNTO, undefined when it has renamed; throws its refusal of RNFR, and
 * `unknown-outcome` when RNTO was sent and neither a yes nor a refusal came.
 */
const sendRename = async (at: Place, from: string, to: string): Promise<DropFault | undefined> => {
  const renaming = at.step('rename', to);
  const release = await at.link.take(renaming);
  try {
    await announce(at, renaming, from);
    const answer = await at.link.say(renaming, 'RNTO', at.path(to)).catch((error: unknown) => {
      if (error instanceof DropFault && isRefusal(error)) return error;
      throw outcomeUnknown(renaming, error);
    });
    if (answer instanceof DropFault) return answer;
    if (answer.code >= 200 && answer.code <= 299) return undefined;
    throw outcomeUnknown(renaming, new Error(`the server answers with ${answer.code}`));
  } finally {
    release();
  }
};

/** What a person can do about a server that refuses the rename as such. */
const explained = ({ spec, step }: Place, file: Outgoing, error: unknown): unknown => {
  if (!(error instanceof DropFault)) return error;
  const { code, reason } = error;
  const declined = code === 'denied' || [500, 502, 503, 504].includes(replyOf(error) ?? 0);
  const hint = declined
    ? 'the server does not let us rename: ask for that right (with "replace: true" that to overwrite too); if there is none to be had, set "rename: false" for this ' +
      'drop and a "marker" for its feeds'
    : 'often "partialFolder" lies on another file system than "folder"; both must be on one';
  if (!declined && spec.partialFolder === undefined) return error;
  return faultOf({ code, next: declined ? 'hold' : error.next, hint, reason }, step('rename', file.name), '', error);
};

/** A no that can mean that the name exists: it says so, or it gives no reason at all. Any other reason holds without the old file. */
const mayBeTaken = (refusal: DropFault): boolean => {
  const reply = replyOf(refusal) ?? 0;
  if (refusal.code === 'taken') return reply >= 500;
  return (reply === 550 || reply === 553) && refusal.code === 'denied' && !saysDenied(refusal);
};

/** Where the old file is when neither the new one nor the old one gets the name. */
const leftAside = ({ step }: Place, file: Outgoing, aside: string, refusal: DropFault): DropFault => {
  const reason = `${refusal.reason}; the file that was there is now called ${aside}`;
  const hint = `rename ${aside} back by hand, and ask the partner why the server refuses the name`;
  return faultOf({ code: refusal.code, next: 'hold', hint, reason }, step('rename', file.name), '', refusal);
};

/** The old file steps aside, and comes back when the new one cannot have its name; it goes only once that is in its place. */
const replaceInSteps = async (at: Place, file: Outgoing): Promise<void> => {
  const aside = asideName(file.partial);
  const kept = await sendRename(at, file.name, aside);
  if (kept) throw explained(at, file, kept);
  const refusal = await sendRename(at, file.partial, file.name).catch((error: unknown) => {
    if (error instanceof DropFault && isRefusal(error)) return error;
    throw error;
  });
  if (!refusal) return remove(at, aside).catch(() => undefined);
  const failed = await sendRename(at, aside, file.name).catch((error: unknown) => error);
  throw failed === undefined ? explained(at, file, refusal) : leftAside(at, file, aside, refusal);
};

/**
 * Partial name → final name. Most FTP servers overwrite in silence, so we look just before; between that look and the
 * rename somebody may still put a file there. With `replace`, where a server refuses an existing name, the old file is
 * renamed away just before: for a moment there is none, but never half a file.
 */
export const rename = async (at: Place, file: Outgoing): Promise<void> => {
  const { link, spec, learned, step } = at;
  if (link.line.lost !== undefined) return link.line.wait(step('rename', file.name), Promise.resolve());
  const unguarded = !spec.replace && learned.renames !== 'refuses';
  if (unguarded && (await look(at, file.name))) throw taken(spec.name, file.name);
  const refusal = await sendRename(at, file.partial, file.name).catch((error: unknown) => {
    throw isRefusal(error) ? explained(at, file, error) : error;
  });
  if (!refusal) return;
  if (!mayBeTaken(refusal) || !(await look(at, file.name).catch(() => undefined))) throw explained(at, file, refusal);
  if (refusal.code === 'taken') learned.renames = 'refuses';
  if (!spec.replace) throw taken(spec.name, file.name, refusal);
  return replaceInSteps(at, file);
};
