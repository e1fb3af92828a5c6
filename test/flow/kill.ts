import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'vitest';
import type { CommitPoint } from '../../src/commit-point.ts';
import type { Child } from './child.ts';
import type { Place } from './place.ts';
import { randomOf, seed } from './random.ts';

export const wasKilled = async (child: Child): Promise<void> => {
  const { signal, code, said } = await child.ended;
  expect({ signal, code, said: signal ? [] : said }).toEqual({ signal: 'SIGKILL', code: null, said: [] });
};

/** One process after the other is killed; each first takes up what the one before has left. */
export const killAtEach = async (place: Place, chain: readonly CommitPoint[]): Promise<void> => {
  for (const [index, point] of chain.entries()) {
    await wasKilled(place.child({ name: `run${index}`, at: { point, nth: 1, end: 'kill' } }));
    await place.checker.look();
    const line = await place.open();
    await place.endLeases(line);
  }
};

/** Processes that work without pause are killed after up to 700 ms each. */
export const killAtAnyTime = async (place: Place, times: number): Promise<void> => {
  const random = randomOf(seed);
  for (let kills = 0; kills < times; kills++) {
    const child = place.child({ name: `life${kills}`, orders: 300, rounds: 1_000_000 });
    await child.says('ready');
    await pause(random() * 700);
    child.process.kill('SIGKILL');
    await wasKilled(child);
    await place.checker.look();
    await place.endLeases(await place.open());
  }
};
