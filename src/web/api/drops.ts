import { z } from '@hono/zod-openapi';
import type { DropPlan } from '../../outbound/delivery/delivery.ts';
import { readFingerprint, showTrust, trust } from '../../outbound/delivery/trust.ts';
import { listOwnedDrops } from '../../outbound/feed/owned-drops.ts';
import type { WebContext } from '../context.ts';
import { examineNow } from '../examination.ts';
import { nothingHere, wrongRequest } from '../problem.ts';
import type { Found, KnownCall } from '../route.ts';
import { pagedList } from './cursor.ts';
import { type Endpoint, ofOne, ofService } from './endpoint.ts';
import { drop, dropKinds, examination, trustedKey } from './operation-shapes.ts';
import { pageOf, shortListing } from './shapes.ts';

const found =
  (ctx: WebContext) =>
  ({ params }: KnownCall): Promise<Found<DropPlan> | undefined> => {
    const thing = ctx.settings().drops.get(params['drop'] ?? '');
    return Promise.resolve(thing && { thing, subject: {}, name: `drop ${thing.spec.name}` });
  };

const params = { drop: 'its name in the configuration' };
const tag = 'drops';

const dropsEndpoint = (ctx: WebContext): Endpoint =>
  ofService(
    ctx,
    {
      ...{ method: 'get', path: '/drops', needs: 'drops.read', tag },
      summary: 'the drops: where they are, what was learned about their servers, which keys are trusted',
      query: {
        ...{ ...shortListing, drop: z.string().optional(), partner: z.string().optional() },
        kind: z.enum(dropKinds).optional(),
      },
      answer: pageOf(drop),
    },
    async ({ query }) => {
      const { drops, partners, feeds } = ctx.settings();
      const own = partners.find(({ name }) => name === query.partner)?.drops ?? [];
      const wanted = [...drops.values()]
        .map(({ spec }) => spec)
        .filter(({ name, kind }) => (query.drop ?? name) === name && (query.kind ?? kind) === kind)
        .filter(({ name }) => query.partner === undefined || own.includes(name));
      const { items, next } = await pagedList(query, wanted);
      return { items: await listOwnedDrops(ctx.store, { partners, feeds }, items), next };
    },
  );

const oneEndpoint = (ctx: WebContext): Endpoint =>
  ofOne(
    ctx,
    {
      ...{ method: 'get', path: '/drops/{drop}', needs: 'drops.read', tag, params },
      ...{ summary: 'one drop', answer: drop },
    },
    found(ctx),
    async ({ thing }) => {
      const [line] = await listOwnedDrops(ctx.store, ctx.settings(), [thing.spec]);
      if (!line) throw nothingHere();
      return line;
    },
  );

const examinationEndpoint = (ctx: WebContext): Endpoint =>
  ofOne(
    ctx,
    {
      ...{ method: 'post', path: '/drops/{drop}/examination', needs: 'drops.examine', tag, params },
      summary: 'tries a drop step by step and says of what fails the cause and the setting',
      details:
        'The doctor signs in as a delivery does, writes a few small files whose names begin with `.nightdrop-doctor-` ' +
        'and removes them again. It takes up to a minute, once at a time for each drop. `ok` is false when a step failed.',
      answer: examination,
    },
    found(ctx),
    ({ thing }) => examineNow(ctx, thing.spec),
  );

const fingerprintOf = (text: string): string => {
  const read = readFingerprint(text);
  if (read !== undefined) return read;
  throw wrongRequest(
    'fingerprint',
    'it is not a fingerprint',
    'write SHA256: and 43 characters, as the error shows it',
  );
};

const trustEndpoint = (ctx: WebContext): Endpoint =>
  ofOne(
    ctx,
    {
      ...{ method: 'post', path: '/drops/{drop}/trusted-keys', needs: 'drops.trust', tag, params, status: 201 },
      summary: 'trusts a new key of a drop, and releases the deliveries that were held for it',
      details:
        'Only after the partner has confirmed the fingerprint. Refused with `host-key` unless the server shows that key ' +
        'now. It counts beside the configured ones, for this host and port only, from the next attempt on.',
      body: {
        fingerprint: z.string().openapi({ example: 'SHA256:uNiVztksCsDhcc0u9e8BrJkLzm0xjjNx1Cq3n7dHK6s' }),
      },
      answer: trustedKey,
    },
    found(ctx),
    async ({ call, thing, body }) => {
      const fingerprint = fingerprintOf(body.fingerprint);
      const shown = await ctx.shownKeys(thing.spec);
      return showTrust(await trust(ctx, thing, { fingerprint, shown, by: call.asker.who.name }));
    },
  );

/** Drops: where they are, whether they work, and which keys are theirs. */
export const dropEndpoints = (ctx: WebContext): Endpoint[] => [
  dropsEndpoint(ctx),
  oneEndpoint(ctx),
  examinationEndpoint(ctx),
  trustEndpoint(ctx),
];
