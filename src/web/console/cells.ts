import { html } from 'hono/html';
import { isoInstant } from '../../clock.ts';
import type { Html } from '../page.ts';

/** How a status looks: never by colour alone. */
export type Mood = 'good' | 'busy' | 'warn' | 'bad' | 'none';

const marks: Record<Mood, string> = { good: '✓', busy: '…', warn: '!', bad: '✕', none: '–' };

export const badge = (mood: Mood, text: string): Html =>
  html`<span class="status ${mood}" data-mark="${marks[mood]}">${text}</span>`;

/** An instant in milliseconds or ISO 8601; the page's script shows it in the viewer's zone, with UTC on hover. */
export const time = (at: number | string | null | undefined, none = '–'): Html => {
  if (at === null || at === undefined) return html`<span class="quiet">${none}</span>`;
  const iso = typeof at === 'number' ? isoInstant(at) : at;
  return html`<time class="nowrap" datetime="${iso}">${iso.slice(0, 19).replace('T', ' ')} UTC</time>`;
};

export const count = (n: number): string => n.toLocaleString('en-US');

const units = ['B', 'KB', 'MB', 'GB', 'TB'];

/** Bytes for people: three digits are enough. */
export const size = (bytes: number): string => {
  const power = bytes < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  return `${power === 0 ? bytes : (bytes / 1000 ** power).toPrecision(3)} ${units[power]}`;
};

/** A table in a frame that scrolls by itself; on a phone each row is a card whose cells name their column. */
export const table = (caption: string, columns: readonly Column[], rows: readonly Html[], none: string): Html =>
  rows.length === 0
    ? html`<p class="quiet">${none}</p>`
    : html`<div class="scroll" tabindex="0" role="region" aria-label="${caption}">
        <table class="cards-when-narrow">
          <caption>
            ${caption}
          </caption>
          <thead>
            <tr>
              ${columns.map(({ title, num }) => html`<th scope="col" ${num ? html`class="num"` : ''}>${title}</th>`)}
            </tr>
          </thead>
          <tbody>
            ${rows}
          </tbody>
        </table>
      </div>`;

export interface Column {
  title: string;
  /** Numbers stand on the right. */
  num?: boolean;
}

/** A cell that knows its column, for narrow screens. */
export const cell = (label: string, content: Html | string, kind = ''): Html =>
  html`<td data-label="${label}" class="${kind}"><span>${content}</span></td>`;

/** Links to the pages before and after in a list. */
export const pages = (url: URL, next: string | null): Html => {
  const to = (cursor: string | undefined): string => {
    const query = new URLSearchParams(url.searchParams);
    if (cursor === undefined) query.delete('cursor');
    else query.set('cursor', cursor);
    return `${url.pathname}?${query.toString()}`;
  };
  const begun = url.searchParams.has('cursor');
  if (!begun && next === null) return html``;
  return html`<p class="pages">
    ${begun ? html`<a href="${to(undefined)}">Newest</a>` : ''}
    ${next === null ? '' : html`<a href="${to(next)}" rel="next">Older</a>`}
  </p>`;
};

/** Names and values, one below the other. */
export const facts = (pairs: readonly (readonly [string, Html | string | undefined])[]): Html =>
  html`<dl class="facts">
    ${pairs.map(([name, value]) =>
      value === undefined
        ? ''
        : html`<dt>${name}</dt>
            <dd>${value}</dd>`,
    )}
  </dl>`;
