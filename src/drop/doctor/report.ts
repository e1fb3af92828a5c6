import type { Learned } from '../drop.ts';

/** The steps of an examination, with their names for people. Their order for a kind of drop is in `steps.ts`. */
export const titles = {
  name: 'look up the name',
  tcp: 'connect',
  greeting: 'greeting',
  'host-key': 'host key',
  tls: 'TLS',
  certificate: 'certificate',
  'sign-in': 'sign in',
  sftp: 'open SFTP',
  passive: 'data connection',
  folder: 'folder',
  list: 'list',
  write: 'write',
  size: 'size',
  names: 'names',
  rename: 'rename',
  taken: 'rename onto a name',
  remove: 'remove',
  offers: 'offers',
  throughput: 'throughput',
  'round-trip': 'round trip',
  sessions: 'second session',
  'clean-up': 'clean up',
} as const;

export type StepName = keyof typeof titles;

/**
 * `failed`: a delivery would fail here as well. `note`: deliveries work, but somebody should know. `not tried`: an earlier
 * step stood in the way, or there was nothing to try.
 */
export type Result = 'ok' | 'failed' | 'not tried' | 'note';

/** What one step found. */
export interface DoctorStep {
  step: StepName;
  result: Result;
  /** What was seen, in a few words; never a secret. */
  detail: string;
  /** Why it failed, in plain words. */
  cause: string | null;
  /** The setting to use, as it stands in the drop's section, or whom to ask for what. */
  hint: string | null;
  /** Milliseconds it took. */
  ms: number;
}

/** What an examination found; plain data, as `doctor --json` prints it. */
export interface DoctorReport {
  drop: string;
  /** No step failed, and every step that a delivery needs was tried. */
  ok: boolean;
  steps: DoctorStep[];
  learned: Learned;
  /** The drop's section as it should stand, in YAML. Secrets appear as their sources. */
  block: string;
}

/** What the work of one step gives back when it did not throw. */
export interface Finding {
  detail: string;
  /** `ok` when it is not said. */
  result?: Result;
  cause?: string;
  hint?: string;
}

export interface Advice {
  cause: string;
  hint: string;
}
