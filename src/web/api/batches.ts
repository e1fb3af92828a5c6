import { z } from '@hono/zod-openapi';
import type { Batch } from '../../outbound/feed/batch.ts';
import { findBatches } from '../../outbound/feed/batches.ts';
import { batchLine } from '../../outbound/feed/feed-list.ts';
import { partnerOf, type WebContext } from '../context.ts';
import { nothingHere } from '../problem.ts';
import { type Found, idIn, type KnownCall } from '../route.ts';
import { paged } from './cursor.ts';
import { download, letGo } from './download.ts';
import { type Endpoint, listOf, ofOne } from './endpoint.ts';
import { given, inFeeds, subjectOfFeed } from './narrow.ts';
import { batch, instantText, listing, pageOf } from './shapes.ts';

const found =
  (ctx: WebContext) =>
  async (call: KnownCall): Promise<Found<Batch> | undefined> => {
    const id = idIn(call);
    const [thing] = id === undefined ? [] : await findBatches(ctx.store.read, { id });
    return (
      thing && { thing, subject: subjectOfFeed(thing.feed, partnerOf(ctx, thing.feed)), name: `batch ${thing.id}` }
    );
  };

const batchesEndpoint = (ctx: WebContext): Endpoint =>
  listOf(
    ctx,
    {
      ...{ method: 'get', path: '/batches', needs: 'batches.read', tag: 'batches' },
      summary: 'the batches: one frozen file each',
      details: '`number` is null for a manual export. `from` and `to` are half open and ask for `frozenAt`.',
      query: {
        ...{ ...listing, feed: z.string().optional(), kind: z.enum(['feed', 'manual']).optional() },
        ...{ from: instantText.optional(), to: instantText.optional() },
      },
      answer: pageOf(batch),
    },
    async ({ call, query }) => {
      const { limit: _, order: _order, cursor: _cursor, ...filter } = query;
      const reach = inFeeds(call.reach());
      const { items, next } = await paged(query, (page) =>
        findBatches(ctx.store.read, { ...given(filter), ...reach }, page),
      );
      return { items: items.map(batchLine), next };
    },
  );

const oneEndpoint = (ctx: WebContext): Endpoint =>
  ofOne(
    ctx,
    {
      ...{ method: 'get', path: '/batches/{id}', needs: 'batches.read', tag: 'batches' },
      ...{ summary: 'one batch', params: { id: 'of the batch' }, answer: batch },
    },
    found(ctx),
    ({ thing }) => Promise.resolve(batchLine(thing)),
  );

/** The file of that name among those of a batch; its own without a name. */
const fileOf = ({ fileName, spool, sha256, companions }: Batch, wanted: string | undefined) => {
  const files = [{ fileName, spool, sha256 }, ...companions];
  const file = wanted === undefined ? files[0] : files.find((one) => one.fileName === wanted);
  if (!file) throw nothingHere();
  return { fileName: file.fileName, spool: file.spool, sha256: file.sha256 };
};

const fileEndpoint = (ctx: WebContext): Endpoint =>
  ofOne(
    ctx,
    {
      ...{ method: 'get', path: '/batches/{id}/file', needs: 'batches.download', tag: 'batches', audited: true },
      ...{ summary: 'the bytes of a batch, as they were delivered', params: { id: 'of the batch' }, answer: 'file' },
      details: 'With `name` that of a companion, as `companions` lists them.',
      query: { name: z.string().optional() },
    },
    found(ctx),
    ({ thing, query }) => {
      const file = fileOf(thing, query.name);
      if (thing.expiredAt !== null) throw letGo(file.fileName, 'retention.batchFiles');
      return download(ctx.spool, file);
    },
  );

/** Batches and their bytes. */
export const batchEndpoints = (ctx: WebContext): Endpoint[] => [
  batchesEndpoint(ctx),
  oneEndpoint(ctx),
  fileEndpoint(ctx),
];
