import { html } from 'hono/html';
import type { FileKind } from '../../inbound/submission/mapping.ts';
import { applySaved, type Applied, type SavedMapping } from '../../inbound/submission/saved-mapping.ts';
import { deleteMapping, findMappings, findUse, saveMapping } from '../../inbound/submission/saved-mappings.ts';
import type { Submission } from '../../inbound/submission/submission.ts';
import type { EventType } from '../../ledger/event-type.ts';
import { masked } from '../api/personal.ts';
import type { WebContext } from '../context.ts';
import type { Html } from '../page.ts';
import { wrongRequest } from '../problem.ts';
import { type KnownCall, type Route, routeOn } from '../route.ts';
import { longestMappingName, mappingIn, mappingName } from '../saved-mapping.ts';
import { badge, cell, type Column, count, table, time } from './cells.ts';
import { backTo, ownForm } from './frame.ts';

/** How a file's columns came to their names. */
export interface Origin {
  /** Of the event type and kind, newest first. */
  saved: readonly SavedMapping[];
  /** The one that is used, with what of it does not fit. */
  used?: { mapping: SavedMapping; applied: Applied };
  /** Whether earlier files had a say. */
  learned: boolean;
}

const fit = ({ columns, name }: SavedMapping, header: readonly string[], kind: FileKind): string => {
  const { missing } = applySaved(columns, header, kind);
  if (missing.length === 0) return name;
  return `${name} (${missing.length === 1 ? 'a column is' : `${missing.length} columns are`} not in this file)`;
};

/** The saved mappings to choose from; nothing where there is none. */
export const chooseSaved = (
  one: Submission,
  kind: FileKind,
  header: readonly string[],
  { saved, used }: Origin,
): Html =>
  saved.length === 0
    ? html``
    : html`<form class="filter" method="get" action="/submissions/${one.id}/columns">
        <input type="hidden" name="kind" value="${kind}" />
        <label
          >Saved mapping
          <select name="saved">
            <option value="none">none: suggest the names</option>
            ${saved.map(
              (each) =>
                html`<option value="${each.id}" ${each.id === used?.mapping.id ? html`selected` : ''}>
                  ${fit(each, header, kind)}
                </option>`,
            )}
          </select>
        </label>
        <button>Use it</button>
      </form>`;

const quoted = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(', ');

/** What a person is to know of a mapping that was not made for exactly this file. */
export const originText = ({ used, learned }: Origin): Html => {
  if (!used) {
    const learnedFrom =
      'Names are suggested from the headers, and from what earlier files of these columns were imported as.';
    return learned ? html`<p class="quiet">${learnedFrom}</p>` : html``;
  }
  const { missing, added } = used.applied;
  const name = html`the saved mapping <strong>${used.mapping.name}</strong>`;
  return html`<div class="panel ${missing.length > 0 ? 'warn' : 'good'}">
    <p>${missing.length > 0 ? badge('warn', 'Fits in part') : badge('good', 'Mapped')} as in ${name}.</p>
    ${missing.length > 0 ? html`<p>It imports columns that this file has not got: ${quoted(missing)}.</p>` : ''}
    ${added.length > 0 ? html`<p>It does not know, and leaves out unless you choose: ${quoted(added)}.</p>` : ''}
  </div>`;
};

const saveForm = (call: KnownCall, one: Submission): Html =>
  html`<form class="filter" method="post" action="/submissions/${one.id}/mapping">
    ${ownForm(call)}<label
      >Save the mapping of its columns as <input name="name" required maxlength="${longestMappingName}" size="24"
    /></label>
    <button>Save</button> <span class="quiet">One of the same name is replaced.</span>
  </form>`;

/** At the review of a mapped file: to save what its columns were imported as, or under what name it is saved. */
export const savedAtReview = async (ctx: WebContext, call: KnownCall, one: Submission): Promise<Html> => {
  const use = one.check && call.may('mappings.write', { eventType: one.eventTypeId });
  const found = use ? await findUse(ctx.store.read, one.id) : undefined;
  if (!found) return html``;
  const { eventTypeId, kind, columns } = found;
  const text = JSON.stringify(columns);
  const saved = await findMappings(ctx.store.read, { eventTypeId, kind });
  const same = saved.find((each) => JSON.stringify(each.columns) === text);
  if (!same) return saveForm(call, one);
  return html`<p class="quiet">Its columns are mapped as in the saved mapping <strong>${same.name}</strong>.</p>`;
};

/** Saves the mapping of a mapped file under the name in the form. */
export const saveAtReview = async (ctx: WebContext, call: KnownCall, one: Submission): Promise<Response> => {
  const name = mappingName((await call.form()).get('name') ?? '');
  const use = await findUse(ctx.store.read, one.id);
  if (!use) {
    const hint = 'map its columns again, and save at the review of what comes of it';
    throw wrongRequest(`submission ${one.id}`, 'what its columns were imported as is not known any more', hint);
  }
  const { eventTypeId, kind, columns } = use;
  const by = { savedBy: call.asker.who.name, savedAt: ctx.clock.now() };
  await saveMapping(ctx.store, { eventTypeId, kind, name, columns, ...by });
  return backTo(`/submissions/${one.id}`);
};

const columns: readonly Column[] = [
  { title: 'Name' },
  { title: 'For' },
  { title: 'Imports', num: true },
  { title: 'Saved' },
  { title: 'By' },
  { title: 'Delete' },
];

const row = (call: KnownCall, one: SavedMapping): Html =>
  html`<tr>
    ${cell('Name', one.name)} ${cell('For', one.kind === 'modification' ? 'changes' : 'new orders')}
    ${cell('Imports', `${count(one.columns.filter(({ field }) => field !== null).length)} columns`, 'num')}
    ${cell('Saved', time(one.savedAt))}
    ${cell('By', call.may('personalData.read', {}) ? one.savedBy : masked(one.savedBy))}
    ${cell(
      'Delete',
      html`<form class="inline" method="post" action="/mappings/${one.id}/delete">
        ${ownForm(call)}<button aria-label="Delete ${one.name}">Delete</button>
      </form>`,
    )}
  </tr>`;

/** The saved mappings of an event type, each with a button that deletes it; nothing where there is none. */
export const savedList = async (ctx: WebContext, call: KnownCall, { id }: EventType): Promise<Html> => {
  if (!call.may('mappings.write', { eventType: id })) return html``;
  const saved = await findMappings(ctx.store.read, { eventTypeId: id });
  if (saved.length === 0) return html``;
  return html`<h2>Saved mappings</h2>
    ${table(
      'What columns of earlier files were imported as',
      columns,
      saved.map((each) => row(call, each)),
      '',
    )}`;
};

/** Deleting a saved mapping. What was imported with it stays as it is. */
export const savedMappingRoutes = (ctx: WebContext): Route[] => [
  routeOn(
    { method: 'post', path: '/mappings/:id/delete', face: 'page', needs: 'mappings.write' },
    mappingIn(ctx),
    async (_, { id, eventTypeId }) => {
      await deleteMapping(ctx.store, id);
      return backTo(`/import?eventType=${eventTypeId}`);
    },
  ),
];
