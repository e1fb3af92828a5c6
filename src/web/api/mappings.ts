import { z } from '@hono/zod-openapi';
import { isoInstant } from '../../clock.ts';
import { fieldsOf, type FileKind, isItemColumn } from '../../inbound/submission/mapping.ts';
import { type MappedColumn, type SavedMapping, usableField } from '../../inbound/submission/saved-mapping.ts';
import { deleteMapping, findMappings, saveMapping } from '../../inbound/submission/saved-mappings.ts';
import type { EventType } from '../../ledger/event-type.ts';
import type { WebContext } from '../context.ts';
import { nothingHere, wrongRequest } from '../problem.ts';
import { type Found, idIn, type KnownCall } from '../route.ts';
import { mappingIn, mappingName } from '../saved-mapping.ts';
import { pagedList } from './cursor.ts';
import { type Endpoint, listOf, ofOne } from './endpoint.ts';
import { given, inEventTypes } from './narrow.ts';
import { masked } from './personal.ts';
import { idText, instant, pageOf, shortListing } from './shapes.ts';

const tag = 'mappings';
const kinds = ['modification', 'conversion'] as const;
const mostColumns = 300;
const longestColumn = 1000;

const columns = z
  .array(z.strictObject({ column: z.string().max(longestColumn), field: z.string().max(longestColumn).nullable() }))
  .min(1)
  .max(mostColumns);

const mapping = z
  .object({
    ...{ id: z.number().int(), eventType: z.number().int(), kind: z.enum(kinds), name: z.string() },
    columns: z.array(z.object({ column: z.string(), field: z.string().nullable() })),
    ...{ savedBy: z.string(), savedAt: instant },
  })
  .openapi('Mapping');

/** Who saved it is somebody of ours or of the advertiser: masked like other senders. */
const line = (call: KnownCall, { id, eventTypeId, kind, name, columns: own, savedBy, savedAt }: SavedMapping) => ({
  ...{ id, eventType: eventTypeId, kind, name, columns: own },
  savedBy: call.may('personalData.read', {}) ? savedBy : masked(savedBy),
  savedAt: isoInstant(savedAt),
});

const listEndpoint = (ctx: WebContext): Endpoint =>
  listOf(
    ctx,
    {
      ...{ method: 'get', path: '/mappings', needs: 'mappings.read', tag, answer: pageOf(mapping) },
      summary: 'saved mappings: what the columns of files that are imported by hand become, newest first',
      query: { ...shortListing, eventType: idText.optional(), kind: z.enum(kinds).optional() },
    },
    async ({ call, query: { eventType, kind, ...rest } }) => {
      const eventTypeId = eventType === undefined ? undefined : Number(eventType);
      const own = await findMappings(ctx.store.read, given({ eventTypeId, kind, ...inEventTypes(call.reach()) }));
      const { items, next } = await pagedList(rest, own);
      return { items: items.map((one) => line(call, one)), next };
    },
  );

const kindIn = ({ params }: KnownCall): FileKind | undefined => kinds.find((kind) => kind === params['kind']);

type Target = EventType & { kind: FileKind };

const target =
  (ctx: WebContext) =>
  (call: KnownCall): Promise<Found<Target> | undefined> => {
    const found = ctx.settings().eventTypes.get(idIn(call, 'eventType') ?? 0);
    const kind = kindIn(call);
    const thing = found && kind && { ...found, kind };
    return Promise.resolve(
      thing && { thing, subject: { eventType: thing.id }, name: `mappings of event type ${thing.id}` },
    );
  };

const knownColumns = (own: readonly MappedColumn[], kind: FileKind): MappedColumn[] =>
  own.map(({ column, field }) => {
    const usable = usableField(field, column, kind);
    if (field !== null && usable === null)
      throw wrongRequest(`field "${field}"`, 'it is not known', `use null, or one of: ${fieldsOf(kind).join(', ')}`);
    return { column: column.trim(), field: usable };
  });

/** A field that two columns have would refuse every file later. */
const refuseTwice = (own: readonly MappedColumn[]): void => {
  const fields = own.flatMap(({ field }) => (field === null ? [] : [field]));
  const twice = fields.find((field, place) => fields.indexOf(field) !== place && !isItemColumn(field));
  if (twice !== undefined)
    throw wrongRequest(`field "${twice}"`, 'two columns have it', 'leave one of them out with null');
};

const putEndpoint = (ctx: WebContext): Endpoint =>
  ofOne(
    ctx,
    {
      ...{ method: 'put', path: '/event-types/{eventType}/mappings/{kind}/{name}', needs: 'mappings.write', tag },
      params: {
        eventType: 'its number',
        kind: kinds.join(' or '),
        name: 'of the mapping; one of this name is replaced',
      },
      summary: 'saves a mapping under a name',
      details: 'Each column of the file by its name, with the field it is imported as, or null for not at all.',
      ...{ body: { columns }, answer: mapping },
    },
    target(ctx),
    async ({ call, body, thing: { id: eventTypeId, kind } }) => {
      const own = knownColumns(body.columns, kind);
      refuseTwice(own);
      const by = { savedBy: call.asker.who.name, savedAt: ctx.clock.now() };
      const name = mappingName(call.params['name'] ?? '');
      return line(call, await saveMapping(ctx.store, { eventTypeId, kind, name, columns: own, ...by }));
    },
  );

const deleteEndpoint = (ctx: WebContext): Endpoint =>
  ofOne(
    ctx,
    {
      ...{ method: 'delete', path: '/mappings/{id}', needs: 'mappings.write', tag, params: { id: 'of the mapping' } },
      ...{ summary: 'deletes a saved mapping; what was imported with it stays as it is', answer: mapping },
    },
    mappingIn(ctx),
    async ({ call, thing }) => {
      if (!(await deleteMapping(ctx.store, thing.id))) throw nothingHere();
      return line(call, thing);
    },
  );

/** Saved mappings of the console's manual import. */
export const mappingEndpoints = (ctx: WebContext): Endpoint[] => [
  listEndpoint(ctx),
  putEndpoint(ctx),
  deleteEndpoint(ctx),
];
