import { z } from '@hono/zod-openapi';
import { alertKinds } from '../../watch/cause.ts';
import { instant, orNull, whole } from './shapes.ts';

/** The JSON of what the people who run the service look at. */

const told = z.object({
  ...{ channel: z.string(), openedTold: orNull(instant), endedTold: orNull(instant), error: orNull(z.string()) },
});

export const alert = z
  .object({
    ...{ id: whole, kind: z.enum(alertKinds), subject: z.string(), text: z.string(), hint: z.string() },
    ...{ openedAt: instant, endedAt: orNull(instant), told: z.array(told) },
  })
  .openapi('Alert');

export const dropKinds = ['sftp', 'ftps', 'folder'] as const;

const trustedBy = { trustedAt: instant, by: z.string() };

/** What connections have found out about a server, in the words of `drop/drop.ts`. */
const learned = z.record(z.string(), z.unknown());

export const drop = z
  .object({
    ...{ drop: z.string(), partner: z.string(), kind: z.enum(dropKinds), place: z.string() },
    ...{ feeds: z.array(z.string()), pending: whole, held: whole },
    ...{ learned: orNull(learned), learnedAt: orNull(instant) },
    trusted: z.array(z.object({ fingerprint: z.string(), type: z.string(), ...trustedBy })),
    lastDeliveredAt: orNull(instant),
  })
  .openapi('Drop');

export const examination = z
  .object({
    ...{ drop: z.string(), ok: z.boolean() },
    steps: z.array(
      z.object({
        ...{ step: z.string(), result: z.enum(['ok', 'failed', 'not tried', 'note']), detail: z.string() },
        ...{ cause: orNull(z.string()), hint: orNull(z.string()), ms: z.number() },
      }),
    ),
    ...{ learned, block: z.string().openapi({ description: "the drop's section as it should stand, in YAML" }) },
  })
  .openapi('Examination');

export const trustedKey = z
  .object({
    ...{ drop: z.string(), host: z.string(), port: whole, fingerprint: z.string(), type: z.string(), ...trustedBy },
    released: z.array(whole).openapi({ description: 'ids of the deliveries that were held for a key' }),
  })
  .openapi('TrustedKey');

export const triedChannel = z
  .object({
    ...{ channel: z.string(), ok: z.boolean(), answer: orNull(z.string()) },
    ...{ error: orNull(z.string()), hint: orNull(z.string()) },
  })
  .openapi('TriedChannel');

const rowCount = z.number().int().min(0);

export const proof = z
  .object({
    ok: z.boolean(),
    feeds: z.array(
      z.object({
        ...{ feed: z.string(), transactions: rowCount, batches: rowCount },
        ...{ missing: rowCount, doubled: rowCount, damaged: rowCount },
      }),
    ),
  })
  .openapi('Proof');

export const refused = z
  .object({
    ...{ id: whole, at: instant, lastAt: instant, times: whole, peer: z.string(), helo: orNull(z.string()) },
    ...{ envelopeFrom: orNull(z.string()), recipient: orNull(z.string()), code: whole, reason: z.string() },
  })
  .openapi('RefusedMail');

export const deed = z
  .object({
    ...{ id: whole, at: instant, who: z.string(), by: z.enum(['person', 'token', 'cli']), action: z.string() },
    ...{ object: z.string(), outcome: z.string(), from: z.string() },
  })
  .openapi('Deed');

const scopeFields = {
  role: z.enum(['ops', 'advertiser', 'partner']),
  ...{ eventTypes: z.array(whole).optional(), partners: z.array(z.string()).optional() },
  feeds: z.array(z.string()).optional(),
};

const tokenFields = {
  ...{ id: z.string(), name: z.string(), ...scopeFields, createdAt: instant, expiresAt: instant },
  ...{ revokedAt: orNull(instant), usedAt: orNull(instant) },
};

export const token = z.object(tokenFields).openapi('Token');

export const madeToken = z
  .object({
    ...tokenFields,
    token: orNull(z.string()).openapi({ description: 'itself; null when the request is repeated' }),
  })
  .openapi('MadeToken');

export const person = z
  .object({ id: whole, name: z.string(), ...scopeFields, addedAt: instant, signedInAt: orNull(instant) })
  .openapi('Person');

export const signInLink = z
  .object({ name: z.string(), link: orNull(z.string()), goodUntil: instant })
  .openapi('SignInLink');

export const me = z
  .object({
    ...{ who: z.string(), by: z.enum(['person', 'token', 'cli']), ...scopeFields },
    formToken: orNull(z.string()).openapi({ description: 'what a script of ours sends as X-Form-Token' }),
  })
  .openapi('Me');
