import { html } from 'hono/html';
import type { Sample } from '../../inbound/submission/mapped-file.ts';
import { type FileKind, fieldsOf, isItemColumn, type Mapping, valueProblem } from '../../inbound/submission/mapping.ts';
import type { EventType } from '../../ledger/event-type.ts';
import type { Html } from '../page.ts';
import { badge, cell, type Column, table } from './cells.ts';

interface Shown {
  sample: Sample;
  kind: FileKind;
  mapping: Mapping;
  eventType: EventType;
}

/** In a form: under the name that the column has in the file. */
const itself = '=';

const hasOwnName = (header: string, kind: FileKind): boolean =>
  kind === 'conversion' && header.trim() !== '' && !fieldsOf(kind).includes(header.trim());

/** The name that a form has chosen for a column; null for none, and for what the page does not offer. */
export const nameIn = (chosen: string, header: string, kind: FileKind): string | null => {
  if (chosen === itself && hasOwnName(header, kind)) return header.trim();
  const offered = fieldsOf(kind).includes(chosen) || (kind === 'modification' && isItemColumn(chosen));
  return offered ? chosen : null;
};

const option = (value: string, text: string, current: string): Html =>
  html`<option value="${value}" ${current === value ? html`selected` : ''}>${text}</option>`;

const choice = (place: number, header: string, kind: FileKind, name: string | null): Html => {
  const known = name === null || fieldsOf(kind).includes(name);
  const isItem = !known && kind === 'modification';
  const current = known || isItem ? (name ?? '') : itself;
  return html`<select name="column${place}" aria-label="Import ${header || `column ${place + 1}`} as">
    ${option('', 'do not import', current)}
    ${hasOwnName(header, kind) ? option(itself, `attribute ${header.trim()}`, current) : ''}
    ${isItem ? option(name, name, current) : ''} ${fieldsOf(kind).map((one) => option(one, one, current))}
  </select>`;
};

const valuesOf = ({ rows }: Sample, place: number): string[] => [
  ...new Set(rows.map(({ cells }) => (cells[place] ?? '').trim()).filter((value) => value !== '')),
];

const mark = (name: string | null, values: readonly string[], eventType: EventType): Html => {
  if (name === null) return badge('none', 'not imported');
  if (values.length === 0) return badge('none', 'no value to try');
  const problem = values.map((value) => valueProblem(name, value, eventType)).find((one) => one !== undefined);
  return problem === undefined ? badge('good', 'values fit') : html`${badge('warn', 'look')} ${problem}`;
};

const columns: readonly Column[] = [
  { title: 'Column of the file' },
  { title: 'Values in it' },
  { title: 'Import as' },
  { title: 'First lines' },
];

const cut = (text: string): string => (text.length > 40 ? `${text.slice(0, 40)}…` : text);

/** Each column of the file with values of the first lines, what it is imported as, and whether its values fit that. */
export const columnTable = ({ sample, kind, mapping, eventType }: Shown): Html =>
  table(
    'Columns of the file',
    columns,
    sample.header.map((header, place) => {
      const values = valuesOf(sample, place);
      const name = mapping[place] ?? null;
      return html`<tr>
        ${cell('Column of the file', header.trim() === '' ? html`<span class="quiet">(no name)</span>` : header)}
        ${cell('Values in it', html`<span class="mono">${values.slice(0, 3).map(cut).join(', ')}</span>`)}
        ${cell('Import as', choice(place, header, kind, name))}
        ${cell('First lines', html`<span id="mark${place}" data-fresh>${mark(name, values, eventType)}</span>`)}
      </tr>`;
    }),
    'The file has no columns.',
  );
