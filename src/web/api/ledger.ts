import { Readable } from 'node:stream';
import { z } from '@hono/zod-openapi';
import { addLedgerFile } from '../../ledger/ledger-file.ts';
import { addSample } from '../../ledger/sample.ts';
import type { WebContext } from '../context.ts';
import { wrongRequest } from '../problem.ts';
import { type Endpoint, ofService } from './endpoint.ts';
import { orNull, whole } from './shapes.ts';
import { givenName, uploaded } from './upload.ts';

const tag = 'orders';

const problem = z.object({
  ...{ line: whole, column: orNull(z.string()), value: orNull(z.string()), reason: z.string() },
});

const added = z
  .object({ added: whole, unchanged: whole, errors: whole, problems: z.array(problem) })
  .openapi('LedgerFileResult');

const addEndpoint = (ctx: WebContext): Endpoint =>
  ofService(
    ctx,
    {
      ...{ method: 'post', path: '/transactions', needs: 'transactions.add', tag },
      summary: 'adds the transactions of a CSV file',
      details:
        'The body is the file: columns eventTypeId, partner, orderId, eventDate, amount and more. A bad row is told with ' +
        'line, column, value and reason (the first 1,000 of them) and does not stop the others. What was added before a ' +
        'connection broke stays; the same file again adds nothing twice.',
      query: { fileName: z.string().default('upload.csv') },
      takes: ['text/csv', 'application/octet-stream'],
      answer: added,
    },
    ({ call, query }) => {
      const { eventTypes, partners, maxUpload } = ctx.settings();
      const name = givenName(query.fileName);
      call.concerns(`transactions of ${name}`);
      const stream = Readable.from(uploaded(call, maxUpload));
      return addLedgerFile(
        ctx.store,
        { stream, name },
        { eventTypes, partners: new Set(partners.map((one) => one.name)) },
      );
    },
  );

/** The one of this name, or all without one. Fault `usage` when there is none. */
const chosen = <T>(all: readonly T[], name: string | undefined, nameOf: (one: T) => string, field: string): T[] => {
  const found = all.filter((one) => name === undefined || nameOf(one) === name);
  if (found.length > 0) return found;
  throw wrongRequest(field, 'there is none of it', `possible here: ${all.map(nameOf).join(', ') || 'nothing'}`);
};

const mostSampled = 10_000;

const sampleEndpoint = (ctx: WebContext): Endpoint =>
  ofService(
    ctx,
    {
      ...{ method: 'post', path: '/transactions/sample', needs: 'transactions.add', tag },
      summary: 'writes synthetic transactions over all columns, to try sizes with',
      details: `At most ${mostSampled} at once. A second request of a seed goes on where the first ended.`,
      body: {
        count: z.number().int().min(1).max(mostSampled).default(1000),
        seed: z
          .string()
          .regex(/^[\w-]{1,20}$/, 'letters, digits, - and _, at most 20')
          .default('1'),
        ...{ partner: z.string().optional(), eventType: z.number().int().optional() },
      },
      answer: z.object({ added: whole, first: whole, last: whole }),
    },
    ({ body: { count, seed, partner, eventType } }) => {
      const { partners, eventTypes } = ctx.settings();
      const names = partners.map(({ name }) => name);
      return addSample(ctx.store, {
        ...{ count, seed, clock: ctx.clock, partners: chosen(names, partner, (name) => name, 'partner') },
        eventTypes: chosen([...eventTypes.values()], eventType?.toString(), ({ id }) => String(id), 'eventType'),
      });
    },
  );

/** New transactions. */
export const ledgerEndpoints = (ctx: WebContext): Endpoint[] => [addEndpoint(ctx), sampleEndpoint(ctx)];
