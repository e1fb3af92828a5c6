import { z } from '@hono/zod-openapi';
import { statuses } from '../../inbound/submission/submission.ts';

/** The JSON of the API. Names are those of the command line's `--json`. */

export const instant = z.string().openapi({ format: 'date-time', example: '2026-11-21T02:00:00.000Z' });
export const whole = z.number().int();
export const orNull = <T extends z.ZodType>(type: T) => type.nullable();

/** A whole number in an address. */
export const idText = z.string().regex(/^[1-9]\d{0,14}$/, 'it is not a whole number from 1 on');

const dayOrInstant = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2}))?$/;

/** An instant in an address, as milliseconds: a day (from midnight UTC), or with its zone. */
export const instantText = z
  .string()
  .refine((text) => dayOrInstant.test(text) && !Number.isNaN(Date.parse(text)), {
    message: 'it is not an instant: write a day, or an instant with its zone such as 2026-11-20T02:00:00Z',
  })
  .transform((text) => Date.parse(text))
  .openapi({
    ...{ type: 'string', example: '2026-11-20T02:00:00Z' },
    description: 'a day (from midnight UTC), or an instant with its zone, as in 2026-11-20T02:00:00Z',
  });

export const yesNo = z
  .enum(['true', 'false'])
  .transform((text) => text === 'true')
  .openapi({ type: 'string', enum: ['true', 'false'] });

/** What every list takes. One without `order` is short and has an order of its own. */
export const shortListing = {
  limit: z
    .string()
    .regex(/^[1-9]\d{0,3}$/, 'it is not a whole number from 1 on')
    .transform(Number)
    .refine((limit) => limit <= 500, { message: 'at most 500 at once' })
    .default(50)
    .openapi({ type: 'integer', minimum: 1, maximum: 500, default: 50 }),
  cursor: z.string().optional().openapi({ description: '`next` of the page before' }),
};

/** What lists take that grow for ever. */
export const listing = { ...shortListing, order: z.enum(['newest', 'oldest']).default('newest') };

export const pageOf = <T extends z.ZodType>(items: T) => z.object({ items: z.array(items), next: orNull(z.string()) });

export const problem = z
  .object({
    ...{ type: z.string(), title: z.string(), status: whole, detail: z.string(), operation: z.string() },
    ...{ object: z.string(), reason: z.string(), hint: z.string(), code: z.string() },
  })
  .openapi('Problem');

export const feed = z
  .object({
    ...{ feed: z.string(), partner: z.string(), schedule: z.string(), timezone: z.string(), watermark: whole },
    ...{ pending: whole, nextRun: orNull(instant) },
    hold: z
      .object({ rowsOver: whole.optional(), amountOver: z.record(z.string(), z.string()).optional() })
      .optional()
      .openapi({ description: 'beyond which rows, or amounts by currency, a file waits for a person; for ops' }),
  })
  .openapi('Feed');

const companion = z.object({
  kind: z.enum(['part', 'sha256', 'manifest', 'marker']),
  ...{ fileName: z.string(), rows: whole.optional(), bytes: whole, sha256: z.string() },
});

export const batch = z
  .object({
    ...{ id: whole, feed: z.string(), number: orNull(whole), occurrence: orNull(instant) },
    ...{ fromSequence: orNull(whole), toSequence: orNull(whole), rows: whole, fileName: z.string(), bytes: whole },
    ...{ sha256: z.string(), frozenAt: instant, expired: z.boolean(), companions: z.array(companion) },
  })
  .openapi('Batch');

export const deliveryStates = ['pending', 'sending', 'delivered', 'held', 'settled'] as const;

export const delivery = z
  .object({
    ...{ id: whole, batch: whole, feed: z.string(), drop: z.string(), state: z.enum(deliveryStates) },
    ...{ attempts: whole, remoteName: z.string(), bytes: whole, startedAt: orNull(instant) },
    ...{ deliveredAt: orNull(instant), seen: orNull(z.string()), pickedUp: orNull(instant) },
    ...{ error: orNull(z.string()), hint: orNull(z.string()) },
  })
  .openapi('Delivery');

export const attempt = z
  .object({
    ...{ number: whole, place: z.string(), fileName: z.string(), startedAt: instant, endedAt: orNull(instant) },
    phase: z.enum(['looking', 'uploading', 'renaming', 'renamed', 'confirmed', 'released', 'resent']),
    outcome: orNull(z.enum(['delivered', 'failed', 'abandoned'])),
    ...{ error: orNull(z.string()), hint: orNull(z.string()) },
  })
  .openapi('Attempt');

export const exported = z
  .object({
    ...{ feed: z.string(), batch: orNull(whole), number: orNull(whole), rows: whole, fileName: orNull(z.string()) },
    ...{ parts: z.array(z.string()).optional(), deliveries: z.array(delivery) },
  })
  .openapi('Exported');

export const run = z.object({ feed: z.string(), local: z.string(), utc: instant, note: z.string() }).openapi('Run');

export const submissionTypes = ['Modification', 'Reversal', 'Conversion', 'Mixed'] as const;
export const channels = ['submit', 'mail', 'inbox'] as const;

const submissionFields = {
  ...{ id: whole, eventType: whole, channel: z.enum(channels), sender: orNull(z.string()), fileName: z.string() },
  ...{ receivedAt: instant, completedAt: orNull(instant), type: orNull(z.enum(submissionTypes)) },
  ...{ status: z.enum(statuses), check: z.boolean(), error: orNull(z.string()) },
  ...{ records: whole, applied: whole, unchanged: whole, errors: whole, duplicateOf: orNull(whole) },
  outcomes: z.record(z.string(), whole).openapi({ description: 'how many lines had each outcome' }),
};

export const outcomeRow = z
  .object({
    ...{ line: whole, orderId: orNull(z.string()), outcome: z.string(), message: z.string(), hint: z.string() },
  })
  .openapi('OutcomeRow');

const mail = z.object({
  ...{ recipient: z.string(), messageId: orNull(z.string()), peer: z.string(), helo: orNull(z.string()) },
  ...{ tls: orNull(z.string()), envelopeFrom: orNull(z.string()), headerFrom: z.array(z.string()) },
  proof: orNull(z.enum(['pass', 'fail', 'unknown'])),
  ...{ spf: orNull(z.string()), dkim: orNull(z.string()), dmarc: orNull(z.string()), reasons: z.array(z.string()) },
  reply: orNull(
    z.object({
      state: z.enum(['sent', 'waiting', 'given up', 'withheld']),
      ...{ at: orNull(instant), reason: orNull(z.string()) },
    }),
  ),
});

export const submission = z.object(submissionFields).openapi('Submission');
export const submissionStory = z
  .object({ ...submissionFields, notes: z.array(z.string()), mail: orNull(mail), rows: z.array(outcomeRow) })
  .openapi('SubmissionStory');
