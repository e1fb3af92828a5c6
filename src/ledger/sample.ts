import type { Clock } from '../clock.ts';
import { Fault } from '../fault.ts';
import type { Store, Writer } from '../store/store.ts';
import { intOrNull } from '../store/store.ts';
import { blockWriter } from './block-writer.ts';
import { sampler, type SampleSpec } from './sample-transaction.ts';
import { insertTransactions } from './transactions.ts';
import type { EventType } from './event-type.ts';
import type { NewTransaction } from './transaction.ts';

export interface SampleOptions {
  count: number;
  /** Letters, digits, `-` and `_`, at most 20. */
  seed: string | number;
  partners: readonly string[];
  eventTypes: readonly EventType[];
  clock: Clock;
  progress?: (added: number) => void;
}

/**
 * Writes synthetic transactions over all columns: people who do not exist, amounts of all sizes, items for some, values
 * with commas, quotes, line breaks and letters of many alphabets. The transaction at a position of a seed is always the
 * same (event dates: within the 30 days before the current day, UTC). A second run of a seed goes on at the next
 * position, so order ids (`S{seed}-{position}`) never come twice. Resolves to the positions written.
 * Throws Fault `bad-sample` (refuse).
 */
export const addSample = async (
  store: Store,
  options: SampleOptions,
): Promise<{ added: number; first: number; last: number }> => {
  const { count, seed, partners, eventTypes, clock, progress } = options;
  check(options);
  const dayMs = 86_400_000;
  const spec: SampleSpec = {
    seed: String(seed),
    partners,
    eventTypes,
    before: Math.floor(clock.now() / dayMs) * dayMs,
  };
  const rowsFrom = rowMaker(sampler(spec), store.kind === 'postgres');
  let added = 0;
  let last = 0;
  const writer = blockWriter<number>(store, async (block, write) => {
    last = await addBlock(write, spec.seed, block.length, rowsFrom);
    return () => {
      added += block.length;
      progress?.(added);
    };
  });
  for (let i = 0; i < count; i++) {
    writer.push(i);
    if (i % 100 === 99) await writer.flushFull();
  }
  await writer.end();
  return { added, first: last - added + 1, last };
};

const check = ({ count, seed, partners, eventTypes }: SampleOptions): void => {
  const refuse = (reason: string, hint: string): Fault =>
    new Fault({ operation: 'make', object: 'a sample', reason, hint, next: 'refuse', code: 'bad-sample' });
  if (!Number.isSafeInteger(count) || count < 0 || count > 1e9)
    throw refuse('the count is not a whole number', 'such as 10000');
  if (!/^[\w-]{1,20}$/.test(String(seed)))
    throw refuse('the seed is not usable', 'letters, digits, - and _, at most 20');
  if (partners.length === 0) throw refuse('there is no partner', 'add a file to partners/ in the configuration');
  if (eventTypes.length === 0)
    throw refuse('there is no event type', 'add a file to event-types/ in the configuration');
};

const source = (seed: string): string => `sample ${seed}`;

/** The rows of a block, from a position on; `meanwhile` makes those of the next one ahead. */
interface RowMaker {
  take(from: number, count: number): NewTransaction[];
  meanwhile(): void;
}

/** Making rows takes half as long as writing them, so that is done while another process, the server, writes. */
const rowMaker = (make: ReturnType<typeof sampler>, ahead: boolean): RowMaker => {
  const made = new Map<number, NewTransaction>();
  let next = { from: 1, count: 0 };
  return {
    take: (from, count) => {
      const rows = Array.from({ length: count }, (_, i) => made.get(from + i) ?? make(from + i));
      made.clear();
      next = { from: from + count, count };
      return rows;
    },
    meanwhile: () => {
      if (!ahead) return;
      for (let i = next.from; i < next.from + next.count; i++) made.set(i, make(i));
    },
  };
};

const addBlock = async (
  writer: Writer,
  seed: string,
  count: number,
  { take, meanwhile }: RowMaker,
): Promise<number> => {
  const origin = { channel: 'sample', source: source(seed), at: await writer.now() };
  const from = await lastPosition(writer, seed);
  const inserting = insertTransactions(writer, take(from + 1, count), origin);
  meanwhile();
  await inserting;
  return from + count;
};

/** Two runs of one seed at once take turns by block: the place to go on is read where nobody else can write it. */
const lastPosition = async ({ knex, raw }: Writer, seed: string): Promise<number> => {
  if (raw.kind === 'postgres') await raw.client.query('select pg_advisory_xact_lock(20260, 3)');
  const found: unknown = await knex('journal')
    .where({ channel: 'sample', source: source(seed) })
    .orderBy('sequence', 'desc')
    .first('line');
  return intOrNull((found as { line: unknown } | undefined)?.line) ?? 0;
};
