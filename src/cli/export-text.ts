import type { Exported } from '../outbound/feed/exported.ts';
import { deliveriesText } from './delivery-text.ts';
import { count, plural } from './output.ts';

/** What an export has come to, for people. */
export const exportedText = ({ feed, number, rows, fileName, parts = [], deliveries }: Exported): string => {
  if (fileName === null) return `${feed}: nothing new.`;
  const more = parts.length === 0 ? '' : ` and ${plural(parts.length, 'more part')}`;
  const head = `${feed}: ${fileName}${more}, ${number === null ? 'manual' : `number ${count(number)}`}, ${plural(rows, 'row')}`;
  return deliveries.length === 0 ? head : `${head}\n${deliveriesText(deliveries)}`;
};
