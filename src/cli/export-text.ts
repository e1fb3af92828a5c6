import type { Feed } from '../outbound/feed/feed.ts';
import { type DeliveryLine, deliveriesText } from './delivery-text.ts';
import { count, plural } from './output.ts';

/** What `export --json` prints. Without a batch, nothing was new or unfinished. */
export interface Exported {
  feed: string;
  /** None for a manual export. */
  number: number | null;
  rows: number;
  fileName: string | null;
  deliveries: DeliveryLine[];
}

export const exported = (
  feed: Feed,
  batch: { number: number | null; rows: number; fileName: string } | undefined,
  deliveries: DeliveryLine[],
): Exported => {
  const { number, rows, fileName } = batch ?? { number: null, rows: 0, fileName: null };
  return { feed: feed.name, number, rows, fileName, deliveries };
};

export const exportedText = ({ feed, number, rows, fileName, deliveries }: Exported): string => {
  if (fileName === null) return `${feed}: nothing new.`;
  const head = `${feed}: ${fileName}, ${number === null ? 'manual' : `number ${count(number)}`}, ${plural(rows, 'row')}`;
  return deliveries.length === 0 ? head : `${head}\n${deliveriesText(deliveries)}`;
};
