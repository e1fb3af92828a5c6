import type { showDelivery } from '../delivery/deliveries.ts';
import type { Batch, Companion } from './batch.ts';
import type { Feed } from './feed.ts';

/** What an export has come to, as `export --json` prints it. Without a batch, nothing was new or unfinished. */
export interface Exported {
  feed: string;
  /** None for a manual export. */
  number: number | null;
  rows: number;
  fileName: string | null;
  /** Names of the further files, where the feed splits its batches and this one has several. */
  parts?: string[];
  deliveries: ReturnType<typeof showDelivery>[];
}

type PartName = Pick<Companion, 'kind' | 'fileName'>;

export const exported = (
  feed: Feed,
  batch: (Pick<Batch, 'number' | 'rows' | 'fileName'> & { companions: PartName[] }) | undefined,
  deliveries: ReturnType<typeof showDelivery>[],
): Exported => {
  const { number, rows, fileName, companions } = batch ?? { number: null, rows: 0, fileName: null, companions: [] };
  const parts = companions.filter(({ kind }) => kind === 'part').map((part) => part.fileName);
  return { feed: feed.name, number, rows, fileName, ...(parts.length > 0 && { parts }), deliveries };
};
