import { asFault } from '../fault.ts';
import type { Channel } from '../notify/channel.ts';
import { send } from '../notify/send.ts';
import { testMessage } from './alert.ts';

/** What one channel said to a test alert. */
export interface Tried {
  channel: string;
  ok: boolean;
  answer: string | null;
  error: string | null;
  hint: string | null;
}

interface TryOptions {
  /** Milliseconds since 1970. */
  now: number;
  /** Random text that tells one test from another. */
  id: string;
  /** Ends the tries early; the result then rejects with its reason. */
  signal?: AbortSignal;
}

const tryOne = async (channel: Channel, { now, id, signal }: TryOptions): Promise<Tried> => {
  try {
    const answer = await send(channel, testMessage(now, id), { now, ...(signal && { signal }) });
    return { channel: channel.name, ok: true, answer, error: null, hint: null };
  } catch (error) {
    signal?.throwIfAborted();
    const { reason, hint } = asFault(error, 'tell', channel.name);
    return { channel: channel.name, ok: false, answer: null, error: reason, hint };
  }
};

/** Sends a test alert to every channel, one try each, at the same time; nothing is kept of it. */
export const tryChannels = (
  channels: readonly Channel[],
  options: Omit<TryOptions, 'id'> & { id(): string },
): Promise<Tried[]> => Promise.all(channels.map((channel) => tryOne(channel, { ...options, id: options.id() })));
