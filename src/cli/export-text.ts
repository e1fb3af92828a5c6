import type { Batch, Companion } from '../outbound/feed/batch.ts';
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
  /** Names of the further files, where the feed splits its batches and this one has several. */
  parts?: string[];
  deliveries: DeliveryLine[];
}

type PartName = Pick<Companion, 'kind' | 'fileName'>;

export const exported = (
  feed: Feed,
  batch: (Pick<Batch, 'number' | 'rows' | 'fileName'> & { companions: PartName[] }) | undefined,
  deliveries: DeliveryLine[],
): Exported => {
  const { number, rows, fileName, companions } = batch ?? { number: null, rows: 0, fileName: null, companions: [] };
  const parts = companions.filter(({ kind }) => kind === 'part').map((part) => part.fileName);
  return { feed: feed.name, number, rows, fileName, ...(parts.length > 0 && { parts }), deliveries };
};

export const exportedText = ({ feed, number, rows, fileName, parts = [], deliveries }: Exported): string => {
  if (fileName === null) return `${feed}: nothing new.`;
  const more = parts.length === 0 ? '' : ` and ${plural(parts.length, 'more part')}`;
  const head = `${feed}: ${fileName}${more}, ${number === null ? 'manual' : `number ${count(number)}`}, ${plural(rows, 'row')}`;
  return deliveries.length === 0 ? head : `${head}\n${deliveriesText(deliveries)}`;
};
