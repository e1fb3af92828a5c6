import { randomBytes } from 'node:crypto';
import { type Tried, tryChannels } from '../watch/try-channels.ts';
import { channelsOf } from './channels.ts';
import type { CliCommand } from './command.ts';
import { exit } from './exit-code.ts';
import { whileInterruptible } from './interrupt.ts';
import { printable } from './output.ts';
import { readSettings } from './wire.ts';

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
    const id = () => randomBytes(6).toString('hex');
    const tried = await whileInterruptible((signal) => tryChannels(channels, { now: session.clock.now(), id, signal }));
    session.out.answer(tried, human);
    if (tried.length === 0) return exit.nothing;
    return tried.every(({ ok }) => ok) ? exit.done : exit.failed;
  },
};
