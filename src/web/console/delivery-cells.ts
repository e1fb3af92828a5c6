import { html } from 'hono/html';
import type { Delivery, DeliveryState } from '../../outbound/delivery/delivery.ts';
import type { Html } from '../page.ts';
import { badge, cell, type Column, count, type Mood, size, table, time } from './cells.ts';

const moods: Record<DeliveryState, Mood> = {
  pending: 'busy',
  sending: 'busy',
  delivered: 'good',
  held: 'bad',
  settled: 'none',
};

export const stateBadge = (state: DeliveryState): Html => badge(moods[state], state);

const columns: readonly Column[] = [
  { title: 'File' },
  { title: 'State' },
  { title: 'Feed' },
  { title: 'Drop' },
  { title: 'Attempts', num: true },
  { title: 'Size', num: true },
  { title: 'Delivered' },
  { title: 'Trouble' },
];

const row = (one: Delivery): Html =>
  html`<tr data-row>
    ${cell('File', html`<a href="/deliveries/${one.id}">${one.fileName}</a>`, 'file')}
    ${cell('State', stateBadge(one.state))} ${cell('Feed', one.feed, 'nowrap')} ${cell('Drop', one.dropName, 'nowrap')}
    ${cell('Attempts', count(one.attempts), 'num')} ${cell('Size', size(one.bytes), 'num')}
    ${cell('Delivered', time(one.deliveredAt))} ${cell('Trouble', one.error ?? '')}
  </tr>`;

export const deliveryTable = (list: readonly Delivery[], caption: string, none: string): Html =>
  table(caption, columns, list.map(row), none);
