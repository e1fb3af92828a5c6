import { isoInstant } from '../../clock.ts';
import { type DropSpec, type Learned, placeOf } from '../../drop/drop.ts';
import { int, intOrNull, type Store } from '../../store/store.ts';
import type { Row } from './deliveries.ts';
import { knownDrop } from './known-drops.ts';
import { type TrustedKey, trustedKeysOf } from './trusted-keys.ts';

/** A drop as `drops --json` shows it, without what only the configuration knows. */
export interface DropLine {
  drop: string;
  kind: DropSpec['kind'];
  place: string;
  /** Deliveries that wait for their attempt, and that wait for a person. */
  pending: number;
  held: number;
  /** What connections have found out about the server; null when nobody was connected to this place yet. */
  learned: Learned | null;
  learnedAt: string | null;
  trusted: { fingerprint: string; type: string; trustedAt: string; by: string }[];
  lastDeliveredAt: string | null;
}

const showKey = ({ fingerprint, type, trustedAt, by }: TrustedKey) => ({
  fingerprint,
  type,
  trustedAt: isoInstant(trustedAt),
  by,
});

interface Counts {
  pending: number;
  held: number;
  lastDeliveredAt: number | null;
}

const countsByDrop = async ({ read }: Pick<Store, 'read'>): Promise<Map<string, Counts>> => {
  const rows = (await read('deliveries')
    .groupBy('drop_name', 'state')
    .select('drop_name', 'state')
    .count('id as count')
    .max('delivered_at as last')) as Row[];
  const counts = new Map<string, Counts>();
  for (const row of rows) {
    const name = String(row['drop_name']);
    const one = counts.get(name) ?? { pending: 0, held: 0, lastDeliveredAt: null };
    const last = Math.max(one.lastDeliveredAt ?? 0, intOrNull(row['last']) ?? 0);
    const count = int(row['count']);
    if (row['state'] === 'held') one.held += count;
    if (row['state'] === 'pending' || row['state'] === 'sending') one.pending += count;
    counts.set(name, { ...one, lastDeliveredAt: last === 0 ? null : last });
  }
  return counts;
};

/** The drops with what is known of them, in the order given. */
export const listDrops = async (store: Pick<Store, 'read'>, specs: readonly DropSpec[]): Promise<DropLine[]> => {
  const counts = await countsByDrop(store);
  return Promise.all(specs.map((spec) => lineOf(store, spec, counts.get(spec.name))));
};

const lineOf = async (
  { read }: Pick<Store, 'read'>,
  spec: DropSpec,
  { pending, held, lastDeliveredAt }: Counts = { pending: 0, held: 0, lastDeliveredAt: null },
): Promise<DropLine> => {
  const { name, kind } = spec;
  const place = placeOf(spec);
  const [known, keys] = await Promise.all([knownDrop(read, name, place), trustedKeysOf(read, spec)]);
  return {
    ...{ drop: name, kind, place, pending, held },
    learned: known?.learned ?? null,
    learnedAt: known ? isoInstant(known.learnedAt) : null,
    trusted: keys.map(showKey),
    lastDeliveredAt: lastDeliveredAt === null ? null : isoInstant(lastDeliveredAt),
  };
};
