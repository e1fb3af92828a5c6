import { Fault } from '../../fault.ts';
import type { Store } from '../../store/store.ts';
import type { Feed } from './feed.ts';
import { allFeeds, type FeedHistory } from './feeds.ts';
import { isWidened } from './selection.ts';

/** Where the configuration and what happened before do not fit together. `feed` is the feed's name. */
export interface HistoryProblem {
  feed: string;
  field: string;
  value: string;
  message: string;
  hint: string;
}

/** Pure: all problems of the configured feeds against the known ones. */
export const compareWithHistory = (feeds: readonly Feed[], known: readonly FeedHistory[]): HistoryProblem[] => {
  const taken = new Set(feeds.flatMap((feed) => [feed.name, ...(feed.formerly === undefined ? [] : [feed.formerly])]));
  const lost = known.filter(({ name, renamedTo }) => renamedTo === null && !taken.has(name)).map(missingFeed);
  return [...lost, ...feeds.flatMap((feed) => feedProblems(feed, known))];
};

const missingFeed = ({ name, number }: FeedHistory): HistoryProblem => ({
  feed: name,
  field: `feeds.${name}`,
  value: name,
  message: `this feed has history (${number} batches) but is missing from the configuration`,
  hint: `put it back with "retired: true", or say "formerly: ${name}" in the feed that goes on with it`,
});

const feedProblems = (feed: Feed, known: readonly FeedHistory[]): HistoryProblem[] => {
  const history = known.find(({ name }) => name === feed.name) ?? known.find(({ name }) => name === feed.formerly);
  if (!history || feed.retired) return [];
  const problem = (field: string, value: string, message: string, hint: string): HistoryProblem => ({
    feed: feed.name,
    field: field === 'name' ? `feeds.${feed.name}` : `feeds.${feed.name}.${field}`,
    value,
    message,
    hint,
  });
  if (history.renamedTo !== null && history.name === feed.name && !goesBack(feed, known)) {
    const message = `this feed goes on under the name "${history.renamedTo}"`;
    return [problem('name', feed.name, message, 'correct the name; to go back to the old one say "formerly" here')];
  }
  const problems: HistoryProblem[] = [];
  if (history.partner !== feed.partner) {
    const message = `this feed belongs to the partner "${history.partner}"; its history cannot move to another`;
    problems.push(problem('partner', feed.partner, message, 'give the new partner a feed of another name'));
  }
  if (history.include !== feed.include) {
    const message = `this feed began with "include: ${history.include}", which cannot change`;
    problems.push(problem('include', feed.include, message, 'make a new feed, and mark this one "retired: true"'));
  }
  if (feed.backfill === undefined && isWidened(history.selection, feed.selection)) {
    const message =
      'the selection is wider than that of the last batch, and nothing says what to do with older transactions';
    const hint = 'say "backfill: yes" to send the older ones in the next file, or "backfill: no" to leave them out';
    problems.push(problem('transactions', JSON.stringify(feed.selection), message, hint));
  }
  return problems;
};

const goesBack = (feed: Feed, known: readonly FeedHistory[]): boolean =>
  known.some(({ name, renamedTo }) => name === feed.formerly && renamedTo === null);

/** All problems of the configured feeds against what the database knows. */
export const historyProblems = async (store: Store, feeds: readonly Feed[]): Promise<HistoryProblem[]> =>
  compareWithHistory(feeds, await allFeeds(store.read));

/** Throws Fault `feed-history` (refuse) when this feed cannot go on from its history. */
export const refuseBrokenHistory = async (store: Store, feed: Feed): Promise<void> => {
  const [problem] = feedProblems(feed, await allFeeds(store.read));
  if (!problem) return;
  throw new Fault({
    operation: 'run the feed',
    object: feed.name,
    reason: problem.message,
    hint: problem.hint,
    next: 'refuse',
    code: 'feed-history',
  });
};
