import type { Delivery } from '../outbound/delivery/delivery.ts';
import { type Cause, plural, words } from './cause.ts';

/** What is wrong with one file and not with the drop: another feed's file of the same drop is another cause. */
const ofFile: readonly (string | null)[] = ['taken', 'unknown-outcome', 'place-changed', 'spool-damaged'];

/** The batch itself is what somebody must look at, wherever it goes: one look answers for all drops of the feed. */
const isUnusual = ({ errorCode }: Pick<Delivery, 'errorCode'>): boolean => errorCode === 'unusual';

const keyOf = (one: Delivery): string => {
  const { dropName, errorCode, feed } = one;
  if (isUnusual(one)) return `unusual:${feed}`;
  return ['held', dropName, errorCode ?? 'unknown', ...(ofFile.includes(errorCode) ? [feed] : [])].join(':');
};

/** Whether the delivery waits, by strict order, behind one that is held. */
export const waitsBehind = (delivery: Delivery, held: readonly Delivery[]): boolean =>
  delivery.ordering === 'strict' &&
  delivery.deliveredAt === null &&
  held.some(
    ({ feed, dropName, ordering, batchId, deliveredAt }) =>
      feed === delivery.feed &&
      dropName === delivery.dropName &&
      ordering === 'strict' &&
      deliveredAt === null &&
      batchId < delivery.batchId,
  );

const causeOf = (key: string, group: readonly Delivery[], open: readonly Delivery[]): Cause | undefined => {
  const [first] = group;
  if (!first) return undefined;
  const { id, feed, fileName, dropName, error, hint, errorCode } = first;
  const behind = open.filter((one) => waitsBehind(one, group)).length;
  const sentences = [
    `${fileName} of the feed ${feed} is held: ${error ?? 'no reason was kept'}.`,
    ...(group.length > 1 ? [`${group.length} deliveries are held for this.`] : []),
    ...(behind > 0 ? [`${plural(behind, 'later file')} ${behind === 1 ? 'waits' : 'wait'} behind.`] : []),
  ];
  const then = `then: nightdrop deliveries release ${id}${group.length > 1 ? ' (and the others)' : ''}`;
  return {
    key,
    kind: 'held',
    subject: words(`${isUnusual(first) ? feed : dropName}: held (${errorCode ?? 'unknown'})`),
    text: words(sentences.join(' ')),
    hint: words(`${hint ?? 'look at the drop'}; ${then}`),
  };
};

/**
 * Deliveries that wait for a person: one cause for each drop and reason, because thirty nights that are held by one
 * changed host key are one thing to repair. What is wrong with a file itself is told for each feed, and unusual batches once
 * for the feed, whatever its drops.
 */
export const heldCauses = (held: readonly Delivery[], open: readonly Delivery[]): Cause[] =>
  [...Map.groupBy(held, keyOf)].flatMap(([key, group]) => causeOf(key, group, open) ?? []);
