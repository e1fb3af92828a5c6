import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  DropFault,
  type DropCode,
  type DropOptions,
  type Learned,
  type PutSteps,
  type Seen,
} from '../../src/drop/drop.ts';
import { found, restricted, type Server } from './conformance.ts';
import { until } from '../until.ts';
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
  /** The name of a file of theirs that lies there before the upload; it stays as it is unless ours arrives there. */
  theirs?: string;
  /** What happens while the bytes are on their way. */
  onTheWay?(): void;
  /** The partial file may stay: nobody can reach the server to remove it. */
  leaves?: 'a part';
}

const wordsOf = ({ ends, learned, called }: Variant): string => {
  if (typeof ends !== 'string') return `\`${ends[0]}\`, ${ends[1]}`;
  const how = learned?.looks && learned.looks !== 'by name' ? `, looked ${learned.looks}` : '';
  const session = learned?.session ? `, session ${learned.session}` : '';
  return `delivered (${ends}${how}${session})${called === undefined ? '' : `, as ${called}`}`;
};

/** As `put` calls it: with what happens on the way, once. */
const steps = ({ onTheWay }: Variant): PutSteps => {
  let happened = false;
  const progress = () => {
    if (!happened) onTheWay?.();
    happened = true;
  };
  return { renaming: () => undefined, progress };
};

const arrives = async (stage: Stage, variant: Variant): Promise<void> => {
  const { ends, options, learned, called, bytes, theirs } = variant;
  if (theirs !== undefined) writeFileSync(join(stage.folder, theirs), 'theirs');
  const file = outgoing('orders.csv', bytes ?? 300_000);
  const drop = await stage.open(options);
  try {
    expect(await drop.put(file, steps(variant))).toBe(ends);
    expect(drop.learned).toMatchObject(learned ?? {});
  } finally {
    await drop.close();
  }
  expect(namesIn(stage.folder)).toEqual([called ?? 'orders.csv']);
  expect(digestIn(stage.folder, called ?? 'orders.csv')).toBe(file.sha256);
};

const fails = async (stage: Stage, variant: Variant): Promise<void> => {
  const { ends, options, bytes, theirs, leaves } = variant;
  if (theirs !== undefined) writeFileSync(join(stage.folder, theirs), 'theirs');
  const file = outgoing('orders.csv', bytes ?? 300_000);
  const fault = await faultOf(deliver(stage, file, steps(variant), options));
  expect([fault.code, fault.next], fault.message).toEqual(ends);
  const left = namesIn(stage.folder).filter((name) => !(leaves && name === file.partial));
  expect(left).toEqual(theirs === undefined ? [] : [theirs]);
  if (theirs !== undefined) expect(readFileSync(join(stage.folder, theirs), 'utf8')).toBe('theirs');
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
  const unlessBusy = (error: unknown): undefined => {
    if (!(error instanceof DropFault) || error.code !== 'busy') throw error;
  };
  const first = await until(() => stage.open().catch(unlessBusy), 'the one before has gone');
  return () => first.close();
};
