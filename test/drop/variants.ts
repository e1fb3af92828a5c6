import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { DropFault, type DropCode, type DropOptions, type Learned, type Seen } from '../../src/drop/drop.ts';
import { found, restricted, type Server } from './conformance.ts';
import { deliver, digestIn, faultOf, namesIn, outgoing, type Stage } from './stage.ts';

/** A server that restricts or changes something, and how an upload to it ends. */
export interface Variant {
  /** The row of the conformance matrix. */
  variant: string;
  start(): Promise<Stage>;
  ends: Seen | [code: DropCode, next: 'retry' | 'hold'];
  options?: Partial<DropOptions>;
  /** What the connection must have learned. */
  learned?: Learned;
  /** What the file is called in the end, where the server says so. */
  called?: string;
  /** Bytes to send; 300,000 by default. */
  bytes?: number;
  /** Put there before the upload and taken away after it, such as a session of somebody else. */
  meanwhile?(stage: Stage): Promise<() => Promise<void>>;
}

const wordsOf = ({ ends, learned, called }: Variant): string => {
  if (typeof ends !== 'string') return `\`${ends[0]}\`, ${ends[1]}`;
  const how = learned?.looks && learned.looks !== 'by name' ? `, looked ${learned.looks}` : '';
  const session = learned?.session ? `, session ${learned.session}` : '';
  return `delivered (${ends}${how}${session})${called === undefined ? '' : `, as ${called}`}`;
};

const arrives = async (stage: Stage, { ends, options, learned, called, bytes }: Variant): Promise<void> => {
  const file = outgoing('orders.csv', bytes ?? 300_000);
  const drop = await stage.open(options);
  try {
    expect(await drop.put(file, { renaming: () => undefined })).toBe(ends);
    expect(drop.learned).toMatchObject(learned ?? {});
  } finally {
    await drop.close();
  }
  expect(namesIn(stage.folder)).toEqual([called ?? 'orders.csv']);
  expect(digestIn(stage.folder, called ?? 'orders.csv')).toBe(file.sha256);
};

const fails = async (stage: Stage, { ends, options, bytes }: Variant): Promise<void> => {
  const fault = await faultOf(deliver(stage, outgoing('orders.csv', bytes ?? 300_000), {}, options));
  expect([fault.code, fault.next], fault.message).toEqual(ends);
  expect(namesIn(stage.folder)).toEqual([]);
};

/** Either the file arrives whole, or the fault is named and nothing is left: for each variant of a server. */
export const describeVariants = (server: Server, variants: Variant[]): void => {
  describe(`${server}, ${restricted}`, () => {
    it.for(variants)('$variant', async (variant, context) => {
      const stage = await variant.start();
      try {
        const end = await variant.meanwhile?.(stage);
        await (typeof variant.ends === 'string' ? arrives : fails)(stage, variant).finally(() => end?.());
        found(context, { server, variant: variant.variant, outcome: wordsOf(variant) });
      } finally {
        await stage.stop();
      }
    });
  });
};

/** Somebody else's session, while ours is tried. The one that found the server ready may not have gone yet. */
export const anotherSession = async (stage: Stage): Promise<() => Promise<void>> => {
  for (let tries = 0; ; tries++) {
    try {
      const first = await stage.open();
      return () => first.close();
    } catch (error) {
      if (!(error instanceof DropFault) || error.code !== 'busy' || tries === 100) throw error;
      await pause(50);
    }
  }
};
