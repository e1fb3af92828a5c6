import type { Knex } from 'knex';
import type { Learned } from '../../drop/drop.ts';
import { int, type Store } from '../../store/store.ts';
import type { Row } from './deliveries.ts';

/** What connections have found out about the server of a drop. `learnedAt` in milliseconds. */
export interface KnownDrop {
  name: string;
  /** Where it was found out: it holds there and nowhere else. */
  place: string;
  learned: Learned;
  learnedAt: number;
}

const toKnown = (row: Row): KnownDrop => ({
  name: String(row['name']),
  place: String(row['place']),
  learned: JSON.parse(String(row['learned'])) as Learned,
  learnedAt: int(row['learned_at']),
});

/** What is known of this drop at this place; undefined when nothing is, or only of another place. */
export const knownDrop = async (db: Knex, name: string, place: string): Promise<KnownDrop | undefined> => {
  const [row] = (await db('known_drops').where({ name, place })) as Row[];
  return row && toKnown(row);
};

const text = (learned: Readonly<Learned>): string =>
  JSON.stringify(Object.fromEntries(Object.entries(learned).sort(([a], [b]) => (a < b ? -1 : 1))));

/**
 * Keeps what was learned, if it differs from what was known before the connection. What was learned at another place is
 * forgotten.
 */
export const keepLearned = async (
  store: Store,
  { name, place }: { name: string; place: string },
  before: Readonly<Learned>,
  learned: Readonly<Learned>,
): Promise<void> => {
  if (text(learned) === text(before)) return;
  await store.write(async ({ knex, now }) => {
    const row = { name, place, learned: text(learned), learned_at: await now() };
    await knex('known_drops').insert(row).onConflict('name').merge();
  });
};
