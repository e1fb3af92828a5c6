import type { Batch, Companion } from './batch.ts';
import type { FeedContext } from './context.ts';
import type { Feed } from './feed.ts';
import { freeNames, type Naming } from './file-names.ts';
import type { Rendered } from './render.ts';
import { makeCompanions, type ManifestFacts } from './sidecar.ts';

type BatchFiles = Pick<Batch, 'fileName' | 'spool' | 'bytes' | 'sha256' | 'companions'>;

/**
 * The files of a batch as they are frozen: final names that are free, the first file as the batch's own, and its
 * companions in order of upload: the other parts, the sidecar, the marker.
 */
export const batchFiles = async (
  ctx: FeedContext,
  feed: Feed,
  naming: Naming,
  { files, members, sums }: Rendered,
  place: Pick<ManifestFacts, 'from' | 'to' | 'previous'>,
): Promise<BatchFiles> => {
  const names = await freeNames(ctx, feed, naming, files.length);
  const named = files.map((file, index) => ({ ...file, fileName: names.part(index + 1) }));
  const [{ rows: _rows, ...own }, ...others] = named as [(typeof named)[0], ...typeof named];
  const parts = others.map(({ rows: _, ...part }): Companion => ({ kind: 'part', ...part }));
  const facts: ManifestFacts = {
    feed: feed.name,
    number: naming.number ?? null,
    files: named,
    split: feed.file.split !== undefined,
    rows: members.count,
    sums,
    ...place,
  };
  return { ...own, companions: [...parts, ...(await makeCompanions(ctx.spool, feed.file.sidecar, names, facts))] };
};
