import { html } from 'hono/html';
import { asFault, Fault } from '../../fault.ts';
import { acceptFile } from '../../inbound/submission/accept.ts';
import { kindOfFile, readFileColumns } from '../../inbound/submission/file-columns.ts';
import { mappedFile, readSample, type Sample } from '../../inbound/submission/mapped-file.ts';
import { type FileKind, layoutOfMapping, type Mapping } from '../../inbound/submission/mapping.ts';
import { formatOf } from '../../inbound/submission/reading.ts';
import { applySaved, columnsOf, madeFor, suggestFrom } from '../../inbound/submission/saved-mapping.ts';
import { findMappings, findUses, noteUse } from '../../inbound/submission/saved-mappings.ts';
import type { Submission } from '../../inbound/submission/submission.ts';
import type { EventType } from '../../ledger/event-type.ts';
import { letGo } from '../api/download.ts';
import type { WebContext } from '../context.ts';
import { wrongRequest } from '../problem.ts';
import type { KnownCall } from '../route.ts';
import { badge } from './cells.ts';
import { backTo, consolePage, ownForm } from './frame.ts';
import { columnTable, nameIn } from './mapping-cells.ts';
import { chooseSaved, type Origin, originText } from './saved.ts';

/** Lines whose values are shown and tried. */
const sampled = 20;
/** So that what is chosen for each fits into an address. */
const mostColumns = 300;

/** What the page is about. */
interface Draft {
  one: Submission;
  eventType: EventType;
  sample: Sample;
  kind: FileKind;
  mapping: Mapping;
  origin: Origin;
}

const bytesOf =
  ({ spool }: WebContext, one: Submission) =>
  () =>
    spool.read(one.spool) as AsyncIterable<Buffer>;

const guessedKind = (header: readonly string[]): FileKind => {
  try {
    return kindOfFile(header);
  } catch {
    return 'conversion';
  }
};

const kindIn = (text: string | null, header: readonly string[]): FileKind =>
  text === 'modification' || text === 'conversion' ? text : guessedKind(header);

/** Elements of XML have their meaning by their place too, which no list of columns shows. */
const notMapped = ({ fileName }: Submission): Fault =>
  new Fault({
    operation: 'map the columns of',
    object: fileName,
    reason: 'it is XML, and only the columns of CSV files can be mapped',
    hint: 'name its elements as we do (Event types has templates), or send it as CSV',
    next: 'refuse',
    code: 'not-csv',
  });

const sampleOf = async (ctx: WebContext, one: Submission): Promise<Sample> => {
  if (formatOf(one.fileName) === 'xml') throw notMapped(one);
  if (one.expiredAt !== null) throw letGo(one.fileName, 'retention.submissions');
  const sample = await readSample(bytesOf(ctx, one), sampled);
  if (sample.header.length > mostColumns)
    throw wrongRequest(
      'the header',
      `it has more than ${mostColumns} columns`,
      'leave out those that are not imported',
    );
  return sample;
};

const eventTypeOf = (ctx: WebContext, { eventTypeId }: Submission): EventType => {
  const found = ctx.settings().eventTypes.get(eventTypeId);
  if (found) return found;
  throw wrongRequest(`event type ${eventTypeId}`, 'it is not in the configuration', 'put its file back');
};

/** What still stands in the way of a dry run, from the columns alone. */
const problemOf = ({ mapping, kind, one }: Draft): Fault | undefined => {
  try {
    readFileColumns(layoutOfMapping(mapping, kind, one.eventTypeId).header);
    return undefined;
  } catch (error) {
    return asFault(error, 'read', 'the columns');
  }
};

/** New orders that name no partner are kept, and nothing is created for them. */
const unmatchedNote = ({ kind, mapping }: Draft) =>
  kind === 'conversion' && !mapping.includes('MediaPartnerId')
    ? html`<p class="quiet">
        No column is imported as MediaPartnerId. Orders that name no partner stay unmatched until matching exists: they
        are kept, and nothing is created for them.
      </p>`
    : '';

const state = (draft: Draft) => {
  const problem = problemOf(draft);
  return html`<div id="ready" data-fresh>
    ${unmatchedNote(draft)}
    ${
      problem
        ? html`<div class="panel warn" role="status">
            <p>${badge('warn', 'Not ready')} ${problem.reason}.</p>
            <p>${problem.hint}.</p>
          </div>`
        : html`<p class="panel good" role="status">${badge('good', 'Ready')} Every column that is needed is there.</p>`
    }
    <div class="actions">
      <button class="main" name="do" value="next" ${problem ? html`disabled` : ''}>Next: dry run</button>
      <button name="do" value="look">Check the columns</button>
    </div>
  </div>`;
};

const kindLinks = ({ one, kind }: Draft) =>
  html`<p>
    ${kind === 'modification' ? 'The lines change actions that there are.' : 'The lines are new orders.'}
    <a href="/submissions/${one.id}/columns?kind=${kind === 'modification' ? 'conversion' : 'modification'}"
      >${kind === 'modification' ? 'They are new orders' : 'They change actions'}</a
    >
  </p>`;

const page = (call: KnownCall, draft: Draft, status = 200): Promise<Response> => {
  const { one, eventType, sample, kind, mapping } = draft;
  return consolePage(
    call,
    {
      title: `Columns of ${one.fileName}`,
      body: html`<p class="crumb"><a href="/import?eventType=${eventType.id}">Import</a> / ${one.fileName}</p>
        <h1>Columns of ${one.fileName}</h1>
        <p class="quiet">For ${eventType.name} (${eventType.id}). What each column of the file is imported as.</p>
        ${kindLinks(draft)} ${chooseSaved(one, kind, sample.header, draft.origin)} ${originText(draft.origin)}
        <form method="post" action="/submissions/${one.id}/columns" data-look>
          ${ownForm(call)}<input type="hidden" name="kind" value="${kind}" />
          ${columnTable({ sample, kind, mapping, eventType })} ${state(draft)}
        </form>`,
    },
    status,
  );
};

/** Names as a form has chosen them; undefined where it has chosen none. */
const chosenIn = (form: URLSearchParams, { header }: Sample, kind: FileKind): Mapping | undefined =>
  form.has('column0') ? header.map((cell, place) => nameIn(form.get(`column${place}`) ?? '', cell, kind)) : undefined;

/** Names to begin with: those of the saved mapping that is asked for, or was made for these columns; else suggestions. */
const begin = async (
  ctx: WebContext,
  { eventTypeId }: Submission,
  { header }: Sample,
  { kind, asked }: { kind: FileKind; asked: string | null },
): Promise<Pick<Draft, 'mapping' | 'origin'>> => {
  const saved = await findMappings(ctx.store.read, { eventTypeId, kind });
  const found = asked === null ? madeFor(saved, header) : saved.find(({ id }) => String(id) === asked);
  if (found) {
    const applied = applySaved(found.columns, header, kind);
    return { mapping: applied.mapping, origin: { saved, used: { mapping: found, applied }, learned: false } };
  }
  const earlier = await findUses(ctx.store.read, eventTypeId, kind);
  const mapping = suggestFrom(
    header,
    kind,
    earlier.map(({ columns }) => columns),
  );
  return { mapping, origin: { saved, learned: earlier.length > 0 } };
};

const draftOf = async (ctx: WebContext, one: Submission, form: URLSearchParams): Promise<Draft> => {
  const sample = await sampleOf(ctx, one);
  const kind = kindIn(form.get('kind'), sample.header);
  const { mapping, origin } = await begin(ctx, one, sample, { kind, asked: form.get('saved') });
  const chosen = chosenIn(form, sample, kind);
  const about = { one, eventType: eventTypeOf(ctx, one), sample, kind };
  return chosen
    ? { ...about, mapping: chosen, origin: { saved: origin.saved, learned: false } }
    : { ...about, mapping, origin };
};

/** The page with the names that the address says, or those to suggest. */
export const columnsPage = async (ctx: WebContext, call: KnownCall, one: Submission): Promise<Response> =>
  page(call, await draftOf(ctx, one, call.url.searchParams));

/** Writes the mapped file and submits it as a dry run. */
const dryRun = async (ctx: WebContext, call: KnownCall, { one, sample, mapping, kind }: Draft): Promise<Response> => {
  const layout = layoutOfMapping(mapping, kind, one.eventTypeId);
  const about = { channel: 'submit', sender: call.asker.who.name, message: null, check: true } as const;
  const { fileName, eventTypeId } = one;
  const bytes = mappedFile(bytesOf(ctx, one), sample.form, layout);
  const { id } = await acceptFile(ctx, { ...about, fileName, eventTypeId }, bytes);
  await noteUse(ctx.store, { submissionId: id, eventTypeId, kind, columns: columnsOf(sample.header, mapping) });
  return backTo(`/submissions/${id}`);
};

/** The same choice in an address, without what belongs to the form only. */
const asAddress = (one: Submission, form: URLSearchParams): string => {
  const kept = [...form].filter(([name]) => name === 'kind' || name.startsWith('column'));
  return `/submissions/${one.id}/columns?${new URLSearchParams(kept).toString()}`;
};

/** What a form has chosen: looked at again, or on to the dry run where nothing is in the way. */
export const chosenColumns = async (ctx: WebContext, call: KnownCall, one: Submission): Promise<Response> => {
  const form = await call.form();
  if (form.get('do') !== 'next') return backTo(asAddress(one, form));
  const draft = await draftOf(ctx, one, form);
  return problemOf(draft) ? page(call, draft, 422) : dryRun(ctx, call, draft);
};
