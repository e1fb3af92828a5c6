import { resolve } from 'node:path';
import { showDelivery } from '../outbound/delivery/deliveries.ts';
import { exported } from '../outbound/feed/exported.ts';
import type { Feed } from '../outbound/feed/feed.ts';
import { namesOf } from '../outbound/feed/file-names.ts';
import { exportToDrops, exportToFile } from '../outbound/feed/manual.ts';
import type { TimeFrame } from '../outbound/feed/time-frame.ts';
import { flag, instant, oneOf, textOption, wrongUse } from './arguments.ts';
import type { Call } from './command.ts';
import { isDone } from './delivery-text.ts';
import { exit, type ExitCode } from './exit-code.ts';
import { deliverWithBar } from './export-by-hand.ts';
import { exportedText } from './export-text.ts';
import { whileInterruptible } from './interrupt.ts';
import type { Output } from './output.ts';
import { makeProgress } from './progress.ts';
import type { App } from './wire.ts';

const needed = (call: Call, name: 'from' | 'to'): number => {
  const text = textOption(call, name);
  if (text !== undefined) return instant(text, `--${name}`);
  throw wrongUse(
    'export',
    `--${name} is missing`,
    'a manual export needs --from, --to, and one of --out and --deliver',
  );
};

const frameOf = (call: Call): TimeFrame => {
  const [from, to] = [needed(call, 'from'), needed(call, 'to')];
  if (to <= from) throw wrongUse('export', '--to is not after --from', 'the frame is half-open: [from, to)');
  return { from, to, by: oneOf(textOption(call, 'by') ?? 'created', ['created', 'event'], '--by') };
};

const targetOf = (call: Call): { out: string } | 'drops' => {
  const out = textOption(call, 'out');
  if ((out !== undefined) === flag(call, 'deliver'))
    throw wrongUse('export', 'it needs one of --out and --deliver', '--out FILE writes it here, --deliver sends it');
  return out === undefined ? 'drops' : { out: resolve(out) };
};

const refuseRetired = ({ name, retired }: Feed, target: { out: string } | 'drops'): void => {
  if (retired && target === 'drops')
    throw wrongUse(`the feed "${name}"`, 'it is retired', 'its partner gets nothing any more: use --out FILE');
};

const packedAs = { none: '', gzip: 'gzip (gunzip -c < FILE reads it)', zip: 'a zip archive' };

/** A name that people would open as plain text, for bytes that are packed. */
const sayPacked = ({ file }: Feed, name: string, out: Output): void => {
  if (namesOf(file, name).sent === name) return;
  if (file.encrypt) out.say(`The feed encrypts its files: ${name} is OpenPGP, for its recipients only.`);
  else out.say(`The feed compresses its files: ${name} is ${packedAs[file.compress]}.`);
};

/** `export FEED --from T --to T`: a file over a time frame, to a local file or to the feed's drops. */
export const exportFrame = (app: App, feed: Feed, call: Call, out: Output): Promise<ExitCode> => {
  const target = targetOf(call);
  const frame = frameOf(call);
  refuseRetired(feed, target);
  return whileInterruptible(async (signal) => {
    const bar = makeProgress(out, `Writing ${feed.name}`, 'rows');
    const options = { signal, progress: (rows: number) => bar.at(rows) };
    if (target !== 'drops') {
      const { fileName, parts, rows } = await exportToFile(app, feed, frame, target.out, options).finally(bar.end);
      const companions = parts.map((part) => ({ kind: 'part' as const, fileName: part }));
      out.answer(exported(feed, { number: null, fileName, rows, companions }, []), exportedText);
      sayPacked(feed, fileName, out);
      return exit.done;
    }
    const batch = await exportToDrops(app, feed, frame, options).finally(bar.end);
    const deliveries = await deliverWithBar(app, { batchId: batch.id }, out, signal);
    out.answer(exported(feed, batch, deliveries.map(showDelivery)), exportedText);
    return deliveries.every(isDone) ? exit.done : exit.failed;
  });
};
