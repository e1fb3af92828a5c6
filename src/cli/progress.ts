import { performance } from 'node:perf_hooks';
import { count, type Output } from './output.ts';

/** A line on the terminal that shows how far a long piece of work has come. Draws nothing where stderr is no terminal. */
export interface Progress {
  /** `total` where it is known. */
  at(done: number, total?: number): void;
  /** Takes the line away. */
  end(): void;
}

const drawEveryMs = 100;
const barWidth = 24;

const bar = (share: number): string => {
  const full = Math.round(Math.min(1, share) * barWidth);
  return `[${'#'.repeat(full)}${'.'.repeat(barWidth - full)}] ${String(Math.floor(Math.min(1, share) * 100)).padStart(3)} %`;
};

/** `what` names the work, `unit` what is counted: ("Adding", "rows"). */
export const makeProgress = (out: Output, what: string, unit: string): Progress => {
  const { terminal } = out;
  if (!terminal) return { at: () => undefined, end: () => undefined };
  let drawnAt = -Infinity;
  let drawn = false;
  return {
    at: (done, total) => {
      const now = performance.now();
      if (now - drawnAt < drawEveryMs) return;
      drawnAt = now;
      drawn = true;
      const shown = total
        ? `${bar(done / total)}  ${count(done)} of ${count(total)} ${unit}`
        : `${count(done)} ${unit}`;
      terminal.write(`\r\u001b[K${what}  ${shown}`);
    },
    end: () => {
      if (drawn) terminal.write('\r\u001b[K');
    },
  };
};
