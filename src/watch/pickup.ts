import type { Delivery } from '../outbound/delivery/delivery.ts';
import { type Cause, moment, plural, words } from './cause.ts';

/** How long a partner may leave a file lying before somebody is told. Milliseconds. */
export const defaultPickupWithin = 24 * 3_600_000;

/**
 * Drops whose partner leaves delivered files lying for longer than `within(drop)` ms: one cause for each drop. `lying` are
 * delivered files that are being watched and were not seen to be taken.
 */
export const pickupCauses = (
  lying: readonly Delivery[],
  within: (drop: string) => number | undefined,
  now: number,
): Cause[] => {
  const tooLong = lying.filter(({ dropName, deliveredAt }) => {
    const limit = within(dropName);
    return limit !== undefined && deliveredAt !== null && now - deliveredAt > limit;
  });
  return [...Map.groupBy(tooLong, ({ dropName }) => dropName)].map(([drop, files]) => causeOf(drop, files));
};

const causeOf = (drop: string, files: readonly Delivery[]): Cause => {
  const oldest = files.reduce((a, b) => ((b.deliveredAt ?? 0) < (a.deliveredAt ?? 0) ? b : a));
  return {
    key: `pickup:${drop}`,
    kind: 'pickup',
    subject: `${drop}: ${plural(files.length, 'file')} not picked up`,
    text: words(
      `The partner has not taken ${plural(files.length, 'file')}; the oldest is ${oldest.fileName} of the feed ` +
        `${oldest.feed}, delivered at ${moment(oldest.deliveredAt ?? 0)}.`,
    ),
    hint: 'ask the partner whether their pickup runs, and from which folder',
  };
};
