import type { Inbox } from '../inbound/submission/inbox.ts';
import { readDropSection } from './drop-section.ts';
import { type Reading, report, valueAt } from './problem.ts';
import { leaf, read, strict, textAs, Wrong, yesNo } from './shape.ts';
import { duration } from './values.ts';

const pattern = textAs('"*.csv"', (value) =>
  /[/\\]/.test(value)
    ? new Wrong('is not a pattern of names', 'write the name with * and ?, without a folder; for example: "*.csv"')
    : value,
);

const every = leaf((value): number | Wrong => {
  const read = duration.safeParse(value);
  if (read.success && read.data >= 10_000) return read.data;
  return new Wrong('is not how often to look', 'write a duration of at least 10s; for example: 1m');
});

const shape = strict({ pattern: pattern.default('*.csv'), every: every.default(60_000), remove: yesNo });

const ownKeys = Object.keys(shape.shape);

/** What says how files are put, and not how they are fetched. */
const ofDeliveries = ['unknown', 'rename', 'partialFolder', 'replace', 'giveUpAfter', 'watchPickup', 'pickupWithin'];

const isSection = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The reading of another's file with only some of the inbox's keys. */
const withKeys = (reading: Reading, inbox: Record<string, unknown>, keep: (key: string) => boolean): Reading => {
  const kept = Object.fromEntries(Object.entries(inbox).filter(([key]) => keep(key)));
  return { ...reading, raw: { inbox: kept }, problems: [] };
};

/** Reads `inbox` of an event type's file: the keys of a drop that say where it is, and its own. */
export const readInboxSection = (reading: Reading, eventTypeId: number): Inbox | undefined => {
  const raw = valueAt(reading.raw, ['inbox']);
  if (raw === undefined) return undefined;
  if (!isSection(raw)) {
    report(reading, ['inbox'], 'is not a section', 'write kind, folder, pattern and remove below it');
    return undefined;
  }
  const name = `inbox-${eventTypeId}`;
  const own = withKeys(reading, raw, (key) => ownKeys.includes(key));
  const place = withKeys(reading, raw, (key) => !ownKeys.includes(key) && !ofDeliveries.includes(key));
  const all = read(own, ['inbox'], shape).whole;
  const plan = readDropSection(place, ['inbox'], name);
  for (const key of ofDeliveries)
    if (raw[key] !== undefined)
      report(
        { ...reading, problems: own.problems },
        ['inbox', key],
        'is not used: files are fetched, not put',
        'leave it out',
      );
  // The doctor knows drops only.
  const hint = '"ssh-keyscan -p PORT HOST | ssh-keygen -lf -" shows them; compare with what the other side says';
  const told = place.problems.map((one) => (one.hint.includes(`doctor ${name}`) ? { ...one, hint } : one));
  reading.problems.push(...told, ...own.problems);
  return all && plan ? { eventTypeId, spec: plan.spec, ...all } : undefined;
};
