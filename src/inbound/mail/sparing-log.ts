import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';

/** How often the same may be said again, milliseconds. */
const everyMs = 60_000;

/** Says the first of a kind at once, and what follows within a minute as one line with its number. */
export interface SparingLog {
  /** `level` and `words` of a kind are always the same; `about` is that of the first. */
  say(level: 'info' | 'warn' | 'error', words: string, about?: object): void;
  /** Says what is still unsaid. */
  close(): void;
}

/** A log that what peers do cannot fill, however often they do it. `kinds` of words must be few. */
export const makeSparingLog = (log: Log, clock: Clock): SparingLog => {
  const kinds = new Map<string, { level: 'info' | 'warn' | 'error'; saidAt: number; unsaid: number }>();
  const sayUnsaid = (words: string, now: number): void => {
    const kind = kinds.get(words);
    if (!kind || kind.unsaid === 0) return;
    log[kind.level]({ times: kind.unsaid }, words);
    Object.assign(kind, { saidAt: now, unsaid: 0 });
  };
  return {
    say: (level, words, about = {}) => {
      const now = clock.now();
      const kind = kinds.get(words);
      if (!kind) {
        kinds.set(words, { level, saidAt: now, unsaid: 0 });
        return log[level](about, words);
      }
      kind.unsaid++;
      if (Math.abs(now - kind.saidAt) >= everyMs) sayUnsaid(words, now);
    },
    close: () => {
      for (const words of kinds.keys()) sayUnsaid(words, clock.now());
    },
  };
};
