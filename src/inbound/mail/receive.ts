import { asFault, type Fault } from '../../fault.ts';
import { digester } from '../../file/digest.ts';
import type { Draft, Spool } from '../../store/spool.ts';
import { makeLoneDotWatch } from './lone-dot.ts';
import { headBytes, messageIdOf } from './message-id.ts';

/** A mail whose last byte is here. Nothing of it lasts yet: the draft is kept or dropped by the caller. */
export interface ReceivedMail {
  draft: Draft;
  bytes: number;
  sha256: string;
  messageId: string | null;
}

/** How the DATA of a mail ended. Of all but `whole` nothing is left in the spool. */
export type Reception =
  | ({ kind: 'whole' } & ReceivedMail)
  | { kind: 'too-large' | 'forged-end' | 'lost' }
  | { kind: 'trouble'; fault: Fault };

/**
 * Takes a mail's bytes into a draft of the spool. What is too large, holds a forged end, or has no room is read on to its
 * end without being written or held anywhere, so that the peer hears the answer. Never rejects.
 */
export const receiveMail = async (spool: Spool, data: AsyncIterable<Buffer>, maxSize: number): Promise<Reception> => {
  const { update, end } = digester();
  const forgedEnd = makeLoneDotWatch();
  let draft: Draft | undefined;
  let verdict: Reception | undefined;
  let [bytes, head] = [0, Buffer.alloc(0)];
  const fail = async (reception: Reception): Promise<void> => {
    verdict = reception;
    await draft?.drop();
    draft = undefined;
  };
  const take = async (block: Buffer): Promise<void> => {
    bytes += block.length;
    if (bytes > maxSize) return fail({ kind: 'too-large' });
    if (forgedEnd(block)) return fail({ kind: 'forged-end' });
    if (head.length < headBytes) head = Buffer.concat([head, block]);
    update(block);
    await draft?.handle.writeFile(block);
  };
  const trouble = (error: unknown) =>
    fail({ kind: 'trouble', fault: asFault(error, 'write to the spool', spool.folder) });
  draft = await spool.draft().catch(async (error: unknown) => void (await trouble(error)));
  try {
    for await (const block of data) if (!verdict) await take(block).catch(trouble);
  } catch {
    await fail({ kind: 'lost' });
  }
  if (verdict || !draft) return verdict ?? { kind: 'lost' };
  return { kind: 'whole', draft, messageId: messageIdOf(head), ...end() };
};
