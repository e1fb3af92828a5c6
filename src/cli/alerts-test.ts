import { randomBytes } from 'node:crypto';
import { asFault } from '../fault.ts';
import type { Channel } from '../notify/channel.ts';
import { send } from '../notify/send.ts';
import { testMessage } from '../watch/alert.ts';
import { channelsOf } from './channels.ts';
import type { CliCommand, Session } from './command.ts';
import { exit } from './exit-code.ts';
import { whileInterruptible } from './interrupt.ts';
import { printable } from './output.ts';
import { readSettings } from './wire.ts';

/** What one channel said. */
interface Tried {
  channel: string;
  ok: boolean;
  answer: string | null;
  error: string | null;
  hint: string | null;
}

const tryOne = async ({ clock }: Session, channel: Channel, signal: AbortSignal): Promise<Tried> => {
  const now = clock.now();
  try {
    const answer = await send(channel, testMessage(now, randomBytes(6).toString('hex')), { now, signal });
    return { channel: channel.name, ok: true, answer, error: null, hint: null };
  } catch (error) {
    signal.throwIfAborted();
    const { reason, hint } = asFault(error, 'tell', channel.name);
    return { channel: channel.name, ok: false, answer: null, error: reason, hint };
  }
};

const lineOf = ({ channel, ok, answer, error, hint }: Tried): string =>
  printable(ok ? `${channel}: told (${answer})` : `${channel}: not told: ${error} (${hint})`);

const human = (tried: readonly Tried[]): string =>
  tried.length === 0
    ? 'No channel is configured: add alerts to nightdrop.yaml, such as alerts: [{ webhook: "https://…" }].'
    : tried.map(lineOf).join('\n');

export const alertsTest: CliCommand = {
  name: 'alerts test',
  args: [],
  options: [],
  summary: 'sends a test alert to every channel and says what each answered',
  details:
    'One try each, at the same time, with a deadline of 15 seconds. Exit code 1 when one was not told, 3 when no channel ' +
    'is configured. It is no alert: nothing is kept of it.',
  examples: [['alerts test', 'after the channels in nightdrop.yaml were changed']],
  run: async (_call, session) => {
    const channels = channelsOf(await readSettings(session));
    const tried = await whileInterruptible((signal) =>
      Promise.all(channels.map((channel) => tryOne(session, channel, signal))),
    );
    session.out.answer(tried, human);
    if (tried.length === 0) return exit.nothing;
    return tried.every(({ ok }) => ok) ? exit.done : exit.failed;
  },
};
