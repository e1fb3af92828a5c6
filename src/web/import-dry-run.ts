import { Fault } from '../fault.ts';
import { acceptFile } from '../inbound/submission/accept.ts';
import type { Submission } from '../inbound/submission/submission.ts';
import { importOf } from '../inbound/submission/submissions.ts';
import { letGo } from './api/download.ts';
import type { WebContext } from './context.ts';

const notReviewed = ({ id, status, check }: Submission): Fault =>
  new Fault({
    operation: 'import',
    object: `submission ${id}`,
    reason: check ? `its dry run is ${status}` : 'it is not a dry run: it was submitted for real already',
    hint: check ? 'wait until the dry run is Complete, and look at its outcomes' : 'look at its outcomes',
    next: 'refuse',
    code: 'not-reviewed',
  });

const imported = ({ id }: Submission, as: number): Fault =>
  new Fault({
    operation: 'import',
    object: `submission ${id}`,
    reason: `its bytes were imported already, as submission ${as}`,
    hint: 'look at its outcomes; to import them once more, upload the file again',
    next: 'refuse',
    code: 'imported',
  });

/**
 * Submits the bytes of a reviewed dry run for real: once, however old the review is. Asked twice at the same time, the
 * second is a duplicate of the first. Faults `not-reviewed`, `imported`, `expired` (refuse).
 */
export const importDryRun = async (ctx: WebContext, one: Submission, sender: string): Promise<Submission> => {
  if (!one.check || one.status !== 'Complete') throw notReviewed(one);
  if (one.expiredAt !== null) throw letGo(one.fileName, 'retention.submissions');
  const before = await importOf(ctx.store.read, one);
  if (before !== undefined) throw imported(one, before);
  const about = { channel: 'submit', sender, message: null, check: false } as const;
  const { fileName, eventTypeId } = one;
  return acceptFile(ctx, { ...about, fileName, eventTypeId }, ctx.spool.read(one.spool));
};
