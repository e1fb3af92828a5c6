import { z } from 'zod';
import { lengthProblem, markerProblem } from '../file/name-checks.ts';
import { parseMarkerTemplate, parseNameTemplate } from '../file/name-template.ts';
import type { Feed, HoldBounds, Selection } from '../outbound/feed/feed.ts';
import { namesOf, sidecarSuffix } from '../outbound/feed/file-names.ts';
import { cronProblem } from '../work/due.ts';
import { readFeedHold } from './feed-hold-section.ts';
import { readFileSection } from './file-section.ts';
import { type Path, type Reading, report, valueAt } from './problem.ts';
import { leaf, oneOf, read, strict, text, textAs, Wrong, yesNo } from './shape.ts';
import { duration, idText, zone } from './values.ts';

const cron = textAs('"0 2 * * *"', (expression) => {
  const problem = cronProblem(expression);
  const hint = 'write minute hour day month weekday; for example: "0 2 * * *" is two in the morning';
  return problem === undefined ? expression : new Wrong(`"${expression}" is not a schedule: ${problem}`, hint);
});

const selected = <T>(what: string, one: z.ZodType<T>) =>
  leaf((value): T[] | undefined | Wrong => {
    if (value === 'all') return undefined;
    const list = z.array(one).min(1).safeParse(value);
    return list.success ? list.data : new Wrong(`must be all or a list of ${what}`, `write all, or [4521, 4522]`);
  });

const eventTypeId = z.number().int().positive().max(Number.MAX_SAFE_INTEGER);
const transactions = strict({
  eventTypes: selected('ids of event types', eventTypeId).optional(),
  campaigns: selected('campaigns', idText).optional(),
});

const shape = strict({
  schedule: cron,
  timezone: zone.default('UTC'),
  catchUp: oneOf(['once', 'skip']).default('once'),
  startAt: oneOf(['beginning', 'now']).default('beginning'),
  include: oneOf(['new', 'changes']).default('new'),
  transactions: transactions.prefault({}),
  file: z.unknown().optional(),
  empty: oneOf(['skip', 'header-only']).default('skip'),
  order: oneOf(['strict', 'free']).default('strict'),
  drops: z.array(text('acme-sftp')).min(1),
  backfill: yesNo.optional(),
  formerly: text('acme-daily').optional(),
  late: duration.optional(),
  hold: z.unknown().optional(),
  retired: yesNo.default(false),
});

/** A retired feed keeps its name and history; the rest of it may be gone, so that nothing but the name must be right. */
const retiredShape = strict({
  ...shape.shape,
  schedule: cron.default('0 0 1 1 *'),
  drops: z.array(text('acme-sftp')).default([]),
});

const noFile: Feed['file'] = {
  name: '{feed}_{number}.csv',
  delimiter: ',',
  lineEnd: '\r\n',
  header: true,
  bom: false,
  compress: 'none',
  guardFormulas: 'off',
  sidecar: 'none',
  columns: [{ header: 'transactionId', field: 'transactionId' }],
};

/** A feed as far as it could be read: references are looked at across files even when the feed itself is not in order. */
export interface FeedDraft {
  reading: Reading;
  path: Path;
  name: string;
  partner: string;
  drops: string[];
  eventTypes: number[];
  formerly: string | undefined;
  retired: boolean;
  feed: Feed | undefined;
}

const selection = (eventTypes: number[] | undefined, campaigns: string[] | undefined): Selection => ({
  ...(eventTypes ? { eventTypes } : {}),
  ...(campaigns ? { campaigns } : {}),
});

const readShape = (reading: Reading, path: Path, retired: boolean) =>
  read(reading, path, retired ? (retiredShape as unknown as typeof shape) : shape);

type Whole = NonNullable<ReturnType<typeof readShape>['whole']>;

/** What was read apart from the feed's own keys. */
interface Sections {
  file: Feed['file'];
  hold: HoldBounds | undefined;
}

const assemble = (name: string, partner: string, all: Whole, { file, hold }: Sections): Feed => {
  const { transactions: wanted, backfill, formerly, late, file: _, hold: _raw, ...rest } = all;
  return {
    name,
    partner,
    ...rest,
    selection: selection(wanted.eventTypes, wanted.campaigns),
    file,
    ...(backfill === undefined ? {} : { backfill }),
    ...(formerly === undefined ? {} : { formerly }),
    ...(late === undefined ? {} : { late }),
    ...(hold && { hold }),
  };
};

const checkDropsOnce = (reading: Reading, path: Path, drops: string[]): void => {
  for (const [index, drop] of drops.entries())
    if (drops.indexOf(drop) < index)
      report(reading, [...path, 'drops', index], `the drop "${drop}" is there twice`, 'keep one of the two');
};

/** The templates alone may be in order, and the names not, with this feed's and partner's names written out. */
const checkNames = (reading: Reading, path: Path, feed: string, partner: string, file: Feed['file']): void => {
  const parsed = parseNameTemplate(file.name);
  if (!('template' in parsed)) return;
  const packed = (name: string): string => namesOf(file, name).sent;
  const problem = lengthProblem(parsed.template, { feed, partner, packed });
  const hint = 'shorten the text, or the names of feed and partner that are in it';
  if (problem !== undefined) return report(reading, [...path, 'file', 'name'], problem, hint);
  const marker = file.marker === undefined ? undefined : parseMarkerTemplate(file.marker);
  if (!marker || !('template' in marker)) return;
  const suffix = sidecarSuffix[file.sidecar];
  const others = suffix === undefined ? [] : [suffix];
  const trouble = markerProblem(marker.template, parsed.template, { feed, partner, packed, others });
  const advice = 'give the marker a name of its own, for example: "{name}.done"';
  if (trouble !== undefined) report(reading, [...path, 'file', 'marker'], trouble, advice);
};

/** Reads `feeds.NAME` of a partner's file. */
export const readFeedSection = (reading: Reading, path: Path, name: string, partner: string): FeedDraft => {
  const raw = valueAt(reading.raw, path);
  const retired = [true, 'yes'].includes(valueAt(raw, ['retired']) as boolean | string);
  const { good, whole: all } = readShape(reading, path, retired);
  const absent = valueAt(raw, ['file']) === undefined;
  const isSection = typeof raw === 'object' && raw !== null;
  const file =
    retired && absent
      ? noFile
      : isSection
        ? readFileSection(reading, [...path, 'file'], valueAt(raw, ['include']))
        : undefined;
  const hold = readFeedHold(reading, [...path, 'hold']);
  checkDropsOnce(reading, path, good.drops ?? []);
  if (file && !retired) checkNames(reading, path, name, partner, file);
  return {
    reading,
    path,
    name,
    partner,
    drops: good.drops ?? [],
    eventTypes: good.transactions?.eventTypes ?? [],
    formerly: good.formerly,
    retired,
    feed: all && file ? assemble(name, partner, all, { file, hold }) : undefined,
  };
};
