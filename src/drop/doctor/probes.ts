import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { safeName } from '../../safe-name.ts';
import type { Outgoing } from '../drop.ts';

/** Files to try things with: random bytes in a folder of their own on this machine, gone after `discard`. */
export interface Probes {
  /** A file to be put. `straight`: written under its final name. `plain`: without the dot that begins our names. */
  make(bytes: number, how?: { straight?: boolean; plain?: boolean }): Promise<Outgoing>;
  /** From now on no name begins with a dot. */
  avoidDots(): void;
  discard(): Promise<void>;
}

/** Names all begin alike, so that whoever finds one knows where it comes from. */
const stem = 'nightdrop-doctor-';

export const makeProbes = async (): Promise<Probes> => {
  const folder = await mkdtemp(join(tmpdir(), stem));
  let dots = true;
  return {
    avoidDots: () => void (dots = false),
    make: async (bytes, { straight = false, plain = !dots } = {}) => {
      const mark = randomBytes(6).toString('hex');
      const content = randomBytes(bytes);
      const path = join(folder, mark);
      await writeFile(path, content);
      const name = safeName(`${plain ? '' : '.'}${stem}${mark}.probe`);
      const partial = straight ? name : safeName(`${plain ? '' : '.'}${stem}${mark}.part`);
      return { name, partial, path, bytes, sha256: createHash('sha256').update(content).digest('hex') };
    },
    discard: () => rm(folder, { recursive: true, force: true }),
  };
};
