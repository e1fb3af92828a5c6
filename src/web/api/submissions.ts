import { z } from '@hono/zod-openapi';
import { mailStory } from '../../inbound/mail/mail-story.ts';
import { acceptFile } from '../../inbound/submission/accept.ts';
import { type Outcome, outcomes } from '../../inbound/submission/outcome.ts';
import { noResult } from '../../inbound/submission/no-result.ts';
import { releaseSubmission } from '../../inbound/submission/release.ts';
import { resultName } from '../../inbound/submission/result-file.ts';
import { findRowPage } from '../../inbound/submission/row-page.ts';
import {
  sayingWhatItWaitsFor,
  showSubmission,
  statuses,
  type Submission,
} from '../../inbound/submission/submission.ts';
import { findSubmission, findSubmissions } from '../../inbound/submission/submissions.ts';
import type { EventType } from '../../ledger/event-type.ts';
import type { WebContext } from '../context.ts';
import { importDryRun } from '../import-dry-run.ts';
import { type Found, idIn, type KnownCall } from '../route.ts';
import { paged } from './cursor.ts';
import { download, letGo } from './download.ts';
import { type Endpoint, listOf, ofOne } from './endpoint.ts';
import { given, inEventTypes } from './narrow.ts';
import { maskSender, senderFilter } from './personal.ts';
import {
  channels,
  idText,
  instantText,
  listing,
  outcomeRow,
  pageOf,
  submission,
  submissionStory,
  submissionTypes,
  yesNo,
} from './shapes.ts';
import { givenName, uploaded } from './upload.ts';

const found =
  (ctx: WebContext) =>
  async (call: KnownCall): Promise<Found<Submission> | undefined> => {
    const id = idIn(call);
    const thing = id === undefined ? undefined : await findSubmission(ctx.store.read, id);
    return thing && { thing, subject: { eventType: thing.eventTypeId }, name: `submission ${thing.id}` };
  };

/** A submission as the one who asks may see it. */
const shownTo = (ctx: WebContext, call: KnownCall, one: Submission) => {
  const line = showSubmission(sayingWhatItWaitsFor(one, ctx.settings().eventTypes));
  return call.may('personalData.read', {}) ? line : maskSender(line);
};

const outcomeCodes = Object.keys(outcomes) as [Outcome, ...Outcome[]];
const params = { id: 'of the submission' };
const tag = 'submissions';

const submissionsEndpoint = (ctx: WebContext): Endpoint =>
  listOf(
    ctx,
    {
      ...{ method: 'get', path: '/submissions', needs: 'submissions.read', tag },
      summary: 'the file submissions log: each file received, and what became of it',
      details:
        'records = applied + unchanged + errors. `from` and `to` are half open and ask for `receivedAt`. Who sees senders ' +
        'masked finds by `sender` all that look the same.',
      query: {
        ...{ ...listing, eventType: idText.optional(), status: z.enum(statuses).optional() },
        ...{ type: z.enum(submissionTypes).optional(), channel: z.enum(channels).optional() },
        ...{ sender: z.string().optional(), from: instantText.optional(), to: instantText.optional() },
      },
      answer: pageOf(submission),
    },
    async ({ call, query: { eventType, sender, limit, order, cursor, ...filter } }) => {
      const eventTypeId = eventType === undefined ? undefined : Number(eventType);
      const asked = given({ ...filter, eventTypeId, ...senderFilter(call, sender), ...inEventTypes(call.reach()) });
      const { items, next } = await paged({ limit, order, cursor }, (page) =>
        findSubmissions(ctx.store.read, asked, page),
      );
      return { items: items.map((one) => shownTo(ctx, call, one)), next };
    },
  );

/** Who sent the mail that a file came with, and what proves it: only for those who may see who sent it. */
const mailOf = (ctx: WebContext, call: KnownCall, { message }: Submission) =>
  call.may('personalData.read', {}) ? mailStory(ctx.store.read, message) : null;

const firstRows = 100;

const oneEndpoint = (ctx: WebContext): Endpoint =>
  ofOne(
    ctx,
    {
      ...{ method: 'get', path: '/submissions/{id}', needs: 'submissions.read', tag, params },
      summary: 'one submission with its first lines, and the mail that it came with',
      details: `\`rows\` holds at most ${firstRows}; \`/submissions/{id}/rows\` has all of them, page by page. \`mail\` is for ops, and null for a file that came in another way.`,
      answer: submissionStory,
    },
    found(ctx),
    async ({ call, thing }) => {
      const rows = await findRowPage(ctx.store.read, thing.id, {}, { count: firstRows });
      const mail = await mailOf(ctx, call, thing);
      return { ...shownTo(ctx, call, thing), notes: thing.notes, mail, rows: rows.map(({ id: _, ...row }) => row) };
    },
  );

const rowsEndpoint = (ctx: WebContext): Endpoint =>
  ofOne(
    ctx,
    {
      ...{ method: 'get', path: '/submissions/{id}/rows', needs: 'submissions.read', tag, params },
      summary: 'the outcome of each line',
      query: {
        ...listing,
        order: z.enum(['newest', 'oldest']).default('oldest'),
        outcome: z.enum(outcomeCodes).optional(),
      },
      answer: pageOf(outcomeRow),
    },
    found(ctx),
    async ({ thing, query: { outcome, ...rest } }) => {
      const { items, next } = await paged(rest, (page) =>
        findRowPage(ctx.store.read, thing.id, given({ outcome }), page),
      );
      return { items: items.map(({ id: _, ...row }) => row), next };
    },
  );

const downloadEndpoint = (ctx: WebContext, which: 'original' | 'result'): Endpoint =>
  ofOne(
    ctx,
    {
      ...{ method: 'get', path: `/submissions/{id}/${which}`, needs: 'submissions.download', tag, params },
      summary: which === 'original' ? 'the file as it was received' : 'the file with the outcome of each line',
      ...{ answer: 'file', audited: true },
    },
    found(ctx),
    ({ thing }) => {
      if (thing.expiredAt !== null) throw letGo(thing.fileName, 'retention.submissions');
      if (which === 'original') return download(ctx.spool, thing);
      if (thing.resultSpool === null) throw noResult(thing.id, thing.status);
      return download(ctx.spool, { spool: thing.resultSpool, fileName: resultName(thing.fileName) });
    },
  );

const releaseEndpoint = (ctx: WebContext): Endpoint =>
  ofOne(
    ctx,
    {
      ...{ method: 'post', path: '/submissions/{id}/release', needs: 'submissions.release', tag, params },
      summary: 'processes one that is a duplicate or held after all',
      details: 'Refused with `overtaken` when a later submission has changed actions since, unless `anyway` is true.',
      body: { anyway: z.boolean().default(false) },
      answer: submission,
    },
    found(ctx),
    async ({ call, thing, body }) =>
      shownTo(ctx, call, await releaseSubmission(ctx.store, thing.id, { anyway: body.anyway })),
  );

const importEndpoint = (ctx: WebContext): Endpoint =>
  ofOne(
    ctx,
    {
      ...{ method: 'post', path: '/submissions/{id}/import', needs: 'submissions.submit', tag, params, status: 202 },
      summary: 'submits the bytes of a reviewed dry run for real, once',
      details: 'Refused with `not-reviewed` until the dry run is Complete, and with `imported` the second time.',
      answer: submission,
    },
    found(ctx),
    async ({ call, thing }) => shownTo(ctx, call, await importDryRun(ctx, thing, call.asker.who.name)),
  );

/** The event type that an upload is for. */
const uploadFor =
  (ctx: WebContext) =>
  (call: KnownCall): Promise<Found<EventType> | undefined> => {
    const thing = ctx.settings().eventTypes.get(Number(call.url.searchParams.get('eventType')));
    const name = thing && `submission for ${thing.id}`;
    return Promise.resolve(thing && name ? { thing, subject: { eventType: thing.id }, name } : undefined);
  };

const uploadEndpoint = (ctx: WebContext): Endpoint =>
  ofOne(
    ctx,
    {
      ...{ method: 'post', path: '/submissions', needs: 'submissions.submit', tag, status: 202 },
      summary: 'submits a file: the same path as a mailed one',
      details:
        'The body is the file itself. It is accepted as soon as its bytes are kept, and applied in its turn: ask for ' +
        '`/submissions/{id}` until `status` is neither Queued nor In Progress. `check` is a dry run.',
      query: { eventType: idText, fileName: z.string(), check: yesNo.optional() },
      takes: ['text/csv', 'application/xml', 'application/octet-stream'],
      answer: submission,
    },
    uploadFor(ctx),
    async ({ call, thing, query }) => {
      const about = { channel: 'submit', sender: call.asker.who.name, message: null } as const;
      const received = {
        ...about,
        fileName: givenName(query.fileName),
        eventTypeId: thing.id,
        check: query.check ?? false,
      };
      const accepted = await acceptFile(ctx, received, uploaded(call, ctx.settings().maxUpload));
      return shownTo(ctx, call, accepted);
    },
  );

/** The file submissions log, and new entries in it. */
export const submissionEndpoints = (ctx: WebContext): Endpoint[] => [
  submissionsEndpoint(ctx),
  uploadEndpoint(ctx),
  oneEndpoint(ctx),
  rowsEndpoint(ctx),
  downloadEndpoint(ctx, 'original'),
  downloadEndpoint(ctx, 'result'),
  releaseEndpoint(ctx),
  importEndpoint(ctx),
];
