import { DropFault, type Outgoing } from '../drop.ts';
import { faultOf, outcomeUnknown } from '../fault-table.ts';
import { taken } from '../put.ts';
import { look } from './look.ts';
import { declines, type Place, statusOf, unlessMissing } from './place.ts';

export const remove = async ({ link, path, step, written }: Place, name: string): Promise<void> => {
  written.delete(name);
  await link.line.ask<void>(step('remove', name), (done) => link.sftp.unlink(path(name), done)).catch(unlessMissing);
};

const sendRename = async ({ link, path, step }: Place, file: Outgoing, replacing: boolean): Promise<void> => {
  const [from, to] = [path(file.partial), path(file.name)];
  await link.line.ask<void>(step('rename', file.name), (done) =>
    replacing ? link.sftp.ext_openssh_rename(from, to, done) : link.sftp.rename(from, to, done),
  );
};

/** Only an answer of the server says for sure that nothing was renamed; 6 and 7 say that it does not know itself. */
const isRefusal = (error: unknown): boolean => {
  const status = statusOf(error);
  return status !== undefined && status !== 6 && status !== 7;
};

/** True when the server has renamed it, replacing what was there; false when it does not offer that. */
const renameReplacing = async (at: Place, file: Outgoing): Promise<boolean> => {
  if (!at.spec.replace || !at.link.offers('posix-rename@openssh.com')) return false;
  try {
    await sendRename(at, file, true);
    return true;
  } catch (error) {
    if (!isRefusal(error)) throw outcomeUnknown(at.step('rename', file.name), error);
    if (declines(error)) return false;
    throw explained(at, file, error);
  }
};

/** What a person can do about a server that refuses the rename as such. */
const explained = ({ spec, step }: Place, file: Outgoing, error: unknown): unknown => {
  if (!(error instanceof DropFault)) return error;
  const { code, next, reason } = error;
  if (declines(error)) {
    const hint =
      'the server does not let us rename: ask for that right; if there is none to be had, set "rename: false" for this ' +
      'drop and a "marker" for its feeds';
    return faultOf({ code, next: 'hold', hint, reason }, step('rename', file.name), reason, error);
  }
  if (spec.partialFolder === undefined || code !== 'refused') return error;
  const hint = 'often "partialFolder" lies on another file system than "folder"; both must be on one';
  return faultOf({ code, next, hint, reason }, step('rename', file.name), reason, error);
};

/**
 * Partial name → final name. A plain rename of SFTP refuses a name that exists; with `replace` a server without
 * posix-rename has the old file removed just before, so that for a moment there is none, but never half a file.
 */
export const rename = async (at: Place, file: Outgoing): Promise<void> => {
  const { link, spec, learned, step } = at;
  if (link.line.lost !== undefined) return link.line.wait(step('rename', file.name), Promise.resolve());
  at.written.delete(file.partial);
  if (await renameReplacing(at, file)) return;
  try {
    return await sendRename(at, file, false);
  } catch (error) {
    if (!isRefusal(error)) throw outcomeUnknown(step('rename', file.name), error);
    // Servers refuse an existing name with a bare "failure": look whether it is that.
    if (!(await look(at, file.name).catch(() => undefined))) throw explained(at, file, error);
    if (!declines(error)) learned.renames = 'refuses';
    if (!spec.replace) throw taken(spec.name, file.name, error);
    if (declines(error)) throw explained(at, file, error);
  }
  await remove(at, file.name);
  await sendRename(at, file, false).catch((error: unknown) => {
    throw isRefusal(error) ? error : outcomeUnknown(step('rename', file.name), error);
  });
};
