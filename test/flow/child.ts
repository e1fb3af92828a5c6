import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Errand } from './crash-child.ts';

const entry = fileURLToPath(new URL('crash-child.ts', import.meta.url));

/** What Node made of the sources is kept between children: they start in half the time. */
const cache = fileURLToPath(new URL('../../node_modules/.cache/nightdrop', import.meta.url));

export interface Child {
  process: ChildProcess;
  /** Resolves when it has said a line that begins so; rejects when it ends without. */
  says(beginning: string): Promise<string>;
  /** Resolves to how it ended, and to all it said. */
  ended: Promise<{ signal: NodeJS.Signals | null; code: number | null; said: string[] }>;
}

/** Starts a child; `onLine` hears each line at once. */
export const startChild = (errand: Errand, onLine: (line: string) => void = () => undefined): Child => {
  const env = { ...process.env, NODE_COMPILE_CACHE: cache };
  const child = spawn(process.execPath, [entry, JSON.stringify(errand)], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const said: string[] = [];
  const waiting: { beginning: string; resolve(line: string): void; reject(error: Error): void }[] = [];
  let rest = '';
  const hear = (line: string): void => {
    said.push(line);
    onLine(line);
    for (const one of waiting) if (line.startsWith(one.beginning)) one.resolve(line);
  };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    lines.forEach(hear);
  });
  const ended = once(child, 'close').then(([code, signal]) => {
    for (const { beginning, reject } of waiting) reject(new Error(`"${beginning}" was not said: ${said.join(' | ')}`));
    return { code: code as number | null, signal: signal as NodeJS.Signals | null, said };
  });
  const says = (beginning: string): Promise<string> => {
    const heard = said.find((line) => line.startsWith(beginning));
    if (heard !== undefined) return Promise.resolve(heard);
    return new Promise((resolve, reject) => waiting.push({ beginning, resolve, reject }));
  };
  return { process: child, says, ended };
};
