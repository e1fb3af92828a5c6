import { isoInstant } from '../clock.ts';
import type { Answer, Channel, Message } from './channel.ts';
import { connectionFault, notifyFault } from './notify-fault.ts';
import { webhookHeaders } from './signature.ts';

/** What one try works with: `now` in milliseconds; `signal` ends it at its deadline or when the process stops. */
export interface Try {
  now: number;
  signal: AbortSignal;
}

/** The body of a webhook: `type`, `timestamp` and `data`, as Standard Webhooks 1.0 recommends. */
export const bodyOf = ({ type, at, data }: Message): string =>
  JSON.stringify({ type, timestamp: isoInstant(at), data });

/**
 * One POST of JSON, signed when the channel has a secret. Any 2xx is a yes, given with the status line; the body of the
 * answer is not read. A redirect is not followed: it would carry the message and its signature to another place.
 * Throws Fault (retry) of `notify-fault.ts`.
 */
export const postWebhook = async (
  channel: Extract<Channel, { kind: 'webhook' }>,
  message: Message,
  { now, signal }: Try,
): Promise<Answer> => {
  const body = bodyOf(message);
  const headers = {
    'content-type': 'application/json; charset=utf-8',
    'user-agent': 'Nightdrop',
    ...webhookHeaders(message.id, body, now, channel.secret),
  };
  const url = channel.url.reveal();
  const answer = await fetch(url, { method: 'POST', headers, body, signal, redirect: 'manual' }).catch(
    (error: unknown) => {
      throw signal.aborted ? signal.reason : connectionFault(channel.name, error);
    },
  );
  await answer.body?.cancel().catch(() => undefined);
  const said = `HTTP ${answer.status}`;
  if (answer.ok) return said;
  if (answer.status >= 300 && answer.status < 400)
    throw notifyFault(channel.name, 'redirected', `it answered ${said}, a redirect`);
  throw notifyFault(channel.name, 'answered', `it answered ${said}`);
};
