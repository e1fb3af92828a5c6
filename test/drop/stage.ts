import { createHash, randomBytes } from 'node:crypto';
import { existsSync, lstatSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import {
  DropFault,
  type Drop,
  type DropOptions,
  type Outgoing,
  type PutSteps,
  type Seen,
} from '../../src/drop/drop.ts';
import { safeName } from '../../src/safe-name.ts';

/** A drop on a stage: the drop itself, and the partner's side of it. */
export interface Stage {
  /** A fresh connection. */
  open(changes?: Partial<DropOptions> & { folder?: string }): Promise<Drop>;
  /** The drop's folder as the partner's machine sees it. */
  folder: string;
  /** Takes the right to write from whoever delivers; the function gives it back. */
  forbid(): () => void;
  /** A stage with room for about 4 MB; a string says why there is none. */
  small(): Promise<Stage | string>;
  stop(): Promise<void>;
}

export const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

const spool = mkdtempSync(join(tmpdir(), 'nightdrop-drop-test-'));
process.on('exit', () => rmSync(spool, { recursive: true, force: true }));

let files = 0;

/** A file in a spool, with random bytes unless they are given. */
export const outgoing = (name: string, content: number | Buffer | string): Outgoing => {
  const bytes = typeof content === 'number' ? randomBytes(content) : Buffer.from(content);
  const path = join(spool, String(++files));
  writeFileSync(path, bytes);
  return {
    name: safeName(name),
    partial: safeName(`.${name}.${files}.part`),
    path,
    bytes: bytes.length,
    sha256: sha256(bytes),
  };
};

export const noSteps: PutSteps = { renaming: () => undefined };

/** One attempt, as a delivery makes it: open, put, close. */
export const deliver = async (
  stage: Pick<Stage, 'open'>,
  file: Outgoing,
  steps: Partial<PutSteps> = {},
  options: Partial<DropOptions> = {},
): Promise<Seen> => {
  const drop = await stage.open(options);
  try {
    return await drop.put(file, { ...noSteps, ...steps });
  } finally {
    await drop.close();
  }
};

/** The DropFault that `work` ends with. */
export const faultOf = async (work: Promise<unknown>): Promise<DropFault> => {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof DropFault)) throw new Error('a DropFault was expected', { cause: error });
  expect(error.hint).not.toBe('');
  return error;
};

/**
 * A delivery to a server that falls silent after so many bytes: the step that met its deadline, or `delivered`. How many
 * bytes a server sends varies from run to run, so the silence may begin after the last answer; then the file is whole.
 */
export const silenceIn = async (
  folder: string,
  stage: Pick<Stage, 'open'>,
  file: Outgoing,
  steps: Partial<PutSteps> = {},
): Promise<string> => {
  const end = await deliver(stage, file, steps).catch((error: unknown) => error);
  const there = digestIn(folder, file.name);
  if (there !== undefined || end === 'size') expect(there).toBe(file.sha256);
  if (end === 'size') return 'delivered';
  const fault = await faultOf(Promise.reject(end as Error));
  if (fault.code === 'timeout') expect(there).toBeUndefined();
  else expect(fault.code).toBe('unknown-outcome');
  expect(fault.next).toBe('retry');
  return `${fault.operation} ${fault.code}`;
};

/** Names in the folder, partial ones included. */
export const namesIn = (folder: string): string[] => readdirSync(folder).sort();

/** SHA-256 of a file at the drop; undefined when it is not there. */
export const digestIn = (folder: string, name: string): string | undefined => {
  const path = join(folder, name);
  return existsSync(path) && lstatSync(path).isFile() ? sha256(readFileSync(path)) : undefined;
};
