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

/** A name that only this column can have: of one item among several, or as an attribute of an order. */
const ownName = (header: string, kind: FileKind, current: string | null): string | undefined => {
  if (kind === 'modification') return current !== null && isItemColumn(current) ? current : undefined;
  const name = header.trim();
  return name === '' || fieldsOf(kind).includes(name) ? undefined : name;
};

/** Whether a name is one of those that the page offers for a column. */
export const isOffered = (name: string, header: string, kind: FileKind): boolean =>
  fieldsOf(kind).includes(name) ||
  (kind === 'modification' ? isItemColumn(name) : name !== '' && name === header.trim());

const option = (value: string, text: string, current: string | null): Html =>
  html`<option value="${value}" ${(current ?? '') === value ? html`selected` : ''}>${text}</option>`;

const choice = (place: number, header: string, kind: FileKind, current: string | null): Html => {
  const own = ownName(header, kind, current);
  const text = kind === 'modification' ? own : `attribute ${own}`;
  return html`<select name="column${place}" aria-label="Import ${header || `column ${place + 1}`} as">
    ${option('', 'do not import', current)} ${own === undefined ? '' : option(own, text ?? '', current)}
    ${fieldsOf(kind).map((name) => option(name, name, current))}
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
