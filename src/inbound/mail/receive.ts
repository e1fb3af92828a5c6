import { asFault, type Fault } from '../../fault.ts';
import { digester } from '../../file/digest.ts';
import { makeLoneDotWatch } from './lone-dot.ts';
import type { Bodies, MailBody } from './mail-body.ts';
import { headBytes, messageIdOf } from './message-id.ts';

/** A mail whose last byte is here. Nothing of it lasts yet: the body is kept or dropped by the caller. */
export interface ReceivedMail {
  body: MailBody;
  bytes: number;
  sha256: string;
  messageId: string | null;
}

/** How the DATA of a mail ended. Of all but `whole` nothing is left in the spool. */
export type Reception =
  | ({ kind: 'whole' } & ReceivedMail)
  | { kind: 'too-large' | 'forged-end' | 'lost' }
  | { kind: 'trouble'; fault: Fault };

/** How much is written before somebody looks again whether there is room: of many mails at once each may write so much. */
const roomBytes = 256 * 1024;

/** `most` bytes make a mail; `seeToRoom` throws when the disk has no room for more; `onBytes` hears how many have come. */
export interface ReceiveLimits {
  most: number;
  seeToRoom(): Promise<void>;
  onBytes(count: number): void;
}

/**
 * Takes a mail's bytes into a body. What is too large, holds a forged end, or has no room is read on to its
 * end without being written or held anywhere, so that the peer hears the answer. Never rejects.
 */
export const receiveMail = async (
  bodies: Bodies,
  data: AsyncIterable<Buffer>,
  { most, seeToRoom, onBytes }: ReceiveLimits,
): Promise<Reception> => {
  const { update, end } = digester();
  const forgedEnd = makeLoneDotWatch();
  const body = bodies.begin();
  let verdict: Reception | undefined;
  let [bytes, seen, head] = [0, 0, Buffer.alloc(0)];
  const fail = async (reception: Reception): Promise<void> => {
    verdict = reception;
    await body.drop();
  };
  const take = async (block: Buffer): Promise<void> => {
    bytes += block.length;
    if (bytes > most) return fail({ kind: 'too-large' });
    if (forgedEnd(block)) return fail({ kind: 'forged-end' });
    if (bytes - seen >= roomBytes) {
      await seeToRoom();
      seen = bytes;
    }
    if (head.length < headBytes) head = Buffer.concat([head, block]);
    update(block);
    await body.write(block);
  };
  const trouble = (error: unknown) => fail({ kind: 'trouble', fault: asFault(error, 'take', 'a mail') });
  try {
    for await (const block of data) {
      onBytes(block.length);
      if (!verdict) await take(block).catch(trouble);
    }
  } catch {
    await fail({ kind: 'lost' });
  }
  return verdict ?? { kind: 'whole', body, messageId: messageIdOf(head), ...end() };
};
