import { html } from 'hono/html';
import { sumsOf } from '../../inbound/submission/outcome.ts';
import type { Submission } from '../../inbound/submission/submission.ts';
import type { WebContext } from '../context.ts';
import { importDryRun } from '../import-dry-run.ts';
import type { Html } from '../page.ts';
import type { KnownCall } from '../route.ts';
import { count } from './cells.ts';
import { backTo, ownForm } from './frame.ts';

const mayImport = (call: KnownCall, { check, expiredAt, eventTypeId }: Submission): boolean =>
  check && expiredAt === null && call.may('submissions.submit', { eventType: eventTypeId });

/** Conversions that name no partner: they are no error to be corrected, and stay unmatched until matching exists. */
const unmatchedText = (n: number): string =>
  n === 0
    ? ''
    : ` ${count(n)} that name no partner stay unmatched until matching exists: they are kept, and nothing is created for them.`;

const importForm = (call: KnownCall, one: Submission): Html => {
  const { applied, errors } = sumsOf(one.outcomes);
  const unmatched = one.outcomes.ACTION_REF_NOT_FOUND ?? 0;
  if (applied + unmatched === 0)
    return html`<span>Nothing to import: no line would be applied. Correct the file, or map its columns.</span>`;
  const others = errors - unmatched;
  const left = others === 0 ? '' : `; ${count(others)} with errors stay out`;
  return html`<form class="inline" method="post" action="/submissions/${one.id}/import">
      ${ownForm(call)}<button class="main">Import: apply ${count(applied)} ${applied === 1 ? 'line' : 'lines'}</button>
    </form>
    <span class="quiet">The same bytes are applied for real${left}.${unmatchedText(unmatched)}</span>`;
};

/** What a dry run offers: to import its bytes, and to map its columns. */
export const importActions = (call: KnownCall, one: Submission): Html => {
  if (!mayImport(call, one)) return html``;
  const columns = /\.xml$/i.test(one.fileName)
    ? html`<span class="quiet"
        >Only the columns of CSV files can be mapped: the elements of an XML file must have
        <a href="/event-types/${one.eventTypeId}">the names of a template</a>.</span
      >`
    : html`<a href="/submissions/${one.id}/columns">Map its columns</a>`;
  return html`<div class="actions">${one.status === 'Complete' ? importForm(call, one) : ''} ${columns}</div>`;
};

/** Submits the bytes of a dry run for real, and leads to what became of them. */
export const importNow = async (ctx: WebContext, call: KnownCall, one: Submission): Promise<Response> => {
  const { id } = await importDryRun(ctx, one, call.asker.who.name);
  return backTo(`/submissions/${id}`);
};
