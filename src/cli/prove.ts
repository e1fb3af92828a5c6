import { type FeedProof, type Proof, prove as proveFeeds } from '../outbound/feed/prove.ts';
import type { CliCommand } from './command.ts';
import { exit } from './exit-code.ts';
import { count, table } from './output.ts';
import { withApp } from './wire.ts';

const number = (title: keyof FeedProof) =>
  ({ title, text: (line: FeedProof) => count(Number(line[title])), align: 'right' }) as const;

const human = ({ ok, feeds }: Proof): string => {
  const columns = [
    { title: 'feed', text: (line: FeedProof) => line.feed },
    ...(['transactions', 'batches', 'missing', 'doubled', 'damaged'] as const).map(number),
  ];
  const verdict = ok
    ? 'Every transaction that the watermarks have passed is in exactly one batch, and every file is as it was frozen.'
    : 'NOT in order: see the columns missing, doubled and damaged.';
  return `${table(feeds, columns, 'No feed has run yet.')}\n${verdict}`;
};

export const prove: CliCommand = {
  name: 'prove',
  args: [],
  options: [],
  summary: 'shows for each feed that every transaction is in exactly one batch; exit 1 if not',
  details:
    'Reads the ledger and the spool again and holds them against every batch, each judged by the selection it was made ' +
    'with: rows in no batch are missing, rows in two are doubled, a batch whose file is gone or changed is damaged.',
  examples: [
    ['prove', 'all feeds'],
    ['prove --json', '{ok, feeds: [{feed, transactions, batches, …}]}'],
  ],
  run: (_call, session) =>
    withApp(session, async ({ store, spool }) => {
      const proof = await proveFeeds(store, spool);
      session.out.answer(proof, human);
      return proof.ok ? exit.done : exit.failed;
    }),
};
