import type { Answer, Channel, Message } from './channel.ts';
import { sendMail } from './mail.ts';
import { notifyFault } from './notify-fault.ts';
import { postWebhook } from './webhook.ts';

/** How long one try may take in all, from the name lookup to the answer. Milliseconds. */
export const deadlineMs = 15_000;

export interface SendOptions {
  /** Milliseconds since 1970: the time of this try. */
  now: number;
  /** Ends the try early; it then rejects with the signal's reason. */
  signal?: AbortSignal;
  deadlineMs?: number;
}

const dispatch = (channel: Channel, message: Message, now: number, signal: AbortSignal): Promise<Answer> => {
  switch (channel.kind) {
    case 'webhook':
      return postWebhook(channel, message, { now, signal });
    case 'mail':
      return sendMail(channel, message, { now, signal });
    default:
      return channel satisfies never;
  }
};

/**
 * Tells one channel one thing, in one try, and resolves to what it answered. Throws Fault (retry): `unreachable`,
 * `late` after the deadline, `answered`, `redirected`, `tls`, `sign-in`.
 */
export const send = async (channel: Channel, message: Message, options: SendOptions): Promise<Answer> => {
  const limit = options.deadlineMs ?? deadlineMs;
  const late = new AbortController();
  const reason = notifyFault(channel.name, 'late', `no answer within ${limit / 1000} s`);
  const timer = setTimeout(() => late.abort(reason), limit);
  const signals = [late.signal, ...(options.signal ? [options.signal] : [])];
  try {
    return await dispatch(channel, message, options.now, AbortSignal.any(signals));
  } finally {
    clearTimeout(timer);
  }
};
