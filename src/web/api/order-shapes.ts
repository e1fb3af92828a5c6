import { z } from '@hono/zod-openapi';
import { type Field, fields } from '../../ledger/field.ts';
import { instant, orNull, whole } from './shapes.ts';

/** The JSON of what is known of an order. */

const ofField = ({ kind }: Field): z.ZodType => {
  switch (kind) {
    case 'text':
    case 'phone':
      return orNull(z.string());
    case 'amount':
      return orNull(z.string().openapi({ example: '12.50' }));
    case 'integer':
      return orNull(whole);
    case 'instant':
      return orNull(instant);
    default:
      return kind satisfies never;
  }
};

const item = z.object({ sku: z.string(), category: orNull(z.string()), quantity: whole, amount: z.string() });

const entry = z.object({
  ...{ sequence: whole, at: instant, change: z.string(), amount: z.string(), payout: z.string(), status: z.string() },
  delta: z.string().openapi({ description: 'amount after less amount before; the amount itself when it was created' }),
  ...{ customerStatus: orNull(z.string()), reason: orNull(z.string()), channel: z.string() },
  ...{ source: orNull(z.string()), line: orNull(whole), sender: orNull(z.string()) },
});

export const transaction = z
  .object({
    ...Object.fromEntries(fields.map((field) => [field.name, ofField(field)])),
    ...{ custom: z.record(z.string(), z.string()), items: z.array(item), journal: z.array(entry) },
  })
  .openapi('Transaction');

export const traceEvent = z
  .looseObject({ at: instant, what: z.string() })
  .openapi('TraceEvent', { description: 'what happened, and beside it the facts of that: each kind has its own' });
