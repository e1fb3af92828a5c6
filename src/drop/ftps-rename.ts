import { DropFault, type Outgoing } from './drop.ts';
import { faultOf, outcomeUnknown } from './fault-table.ts';
import { replyOf } from './ftps-faults.ts';
import { look } from './ftps-look.ts';
import type { Place } from './ftps-place.ts';
import { taken } from './put.ts';

/** Removes one file. Servers answer the same no to a file that is not there and to one that must stay: a look tells. */
export const remove = async (at: Place, name: string): Promise<void> => {
  try {
    await at.link.ask(at.step('remove', name), 'DELE', at.path(name));
  } catch (error) {
    if (replyOf(error) === undefined || replyOf(error) === 421) throw error;
    if (await look(at, name).catch(() => error)) throw error;
  }
};

/** Only a refusal says for sure that nothing was renamed; 421 says that the server has gone, whatever it did before. */
const isRefusal = (error: unknown): boolean => (replyOf(error) ?? 0) >= 400 && replyOf(error) !== 421;

/** RNFR and RNTO; `unknown-outcome` when RNTO was sent and neither a yes nor a refusal came. */
const sendRename = async ({ link, path, step }: Place, file: Outgoing): Promise<void> => {
  const renaming = step('rename', file.name);
  const release = await link.take(renaming);
  try {
    await link.say(renaming, 'RNFR', path(file.partial));
    const { code } = await link.say(renaming, 'RNTO', path(file.name)).catch((error: unknown) => {
      throw isRefusal(error) ? error : outcomeUnknown(renaming, error);
    });
    if (code < 200 || code > 299) throw outcomeUnknown(renaming, new Error(`the server answers with ${code}`));
  } finally {
    release();
  }
};

/** Nobody may look, and the caller has said that this is so. */
const unlessBlind = (at: Place) => (error: unknown) => {
  if (at.spec.confirm === 'none' && error instanceof DropFault && error.code === 'blind') return undefined;
  throw error;
};

/** What a person can do about a server that refuses the rename as such. */
const explained = ({ spec, step }: Place, file: Outgoing, error: unknown): unknown => {
  if (!(error instanceof DropFault)) return error;
  const { code, reason } = error;
  const declined = code === 'denied' || [500, 502, 503, 504].includes(replyOf(error) ?? 0);
  const hint = declined
    ? 'the server does not let us rename: ask for that right; if there is none to be had, set "rename: false" for this ' +
      'drop and a "marker" for its feeds'
    : 'often "partialFolder" lies on another file system than "folder"; both must be on one';
  if (!declined && spec.partialFolder === undefined) return error;
  return faultOf({ code, next: declined ? 'hold' : error.next, hint, reason }, step('rename', file.name), '', error);
};

/**
 * Partial name → final name. Most FTP servers overwrite in silence, so we look just before; between that look and the
 * rename somebody may still put a file there. With `replace` a server that refuses an existing name has the old file
 * removed just before: for a moment there is none, but never half a file.
 */
export const rename = async (at: Place, file: Outgoing): Promise<void> => {
  const { link, spec, learned, step } = at;
  if (link.line.lost !== undefined) return link.line.wait(step('rename', file.name), Promise.resolve());
  const unguarded = !spec.replace && learned.renames !== 'refuses';
  if (unguarded && (await look(at, file.name).catch(unlessBlind(at)))) throw taken(spec.name, file.name);
  try {
    return await sendRename(at, file);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    if (!(await look(at, file.name).catch(() => undefined))) throw explained(at, file, error);
    learned.renames = 'refuses';
    if (!spec.replace) throw taken(spec.name, file.name, error);
  }
  await remove(at, file.name);
  await sendRename(at, file);
};
