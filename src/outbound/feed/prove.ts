import { asFault } from '../../fault.ts';
import { digestFile } from '../../file/digest.ts';
import { openReader, type Reader } from '../../store/reader.ts';
import type { Spool } from '../../store/spool.ts';
import type { Store } from '../../store/store.ts';
import type { Batch } from './batch.ts';
import { findBatches } from './batches.ts';
import { allFeeds, type FeedHistory } from './feeds.ts';
import { memberAggregate, memberRows } from './member-query.ts';
import { addMembers, type Members, membersOf, membersText, noMembers } from './members.ts';
import { lowest, type Membership, sequenceColumn } from './selection.ts';

/** What was found of one feed. Counts of rows, but `batches` and `damaged`, which count batches. */
export interface FeedProof {
  feed: string;
  /** Rows that its batches must hold, by the selections they were made with. */
  transactions: number;
  batches: number;
  /** Rows that are in no batch though the watermark has passed them. */
  missing: number;
  /** Rows that are in two batches. */
  doubled: number;
  /** Batches whose bytes are gone or changed, or whose rows are not those of the ledger. */
  damaged: number;
}

export interface Proof {
  ok: boolean;
  feeds: FeedProof[];
}

/**
 * Reads the ledger and the spool again and holds them against every feed's batches: each row in exactly one, each file
 * with the bytes it was frozen with. Expired batches are judged by their rows alone.
 */
export const prove = async (store: Store, spool: Spool, only?: string): Promise<Proof> => {
  const reader = await openReader(store.address);
  try {
    const feeds: FeedProof[] = [];
    for (const history of await allFeeds(store.read)) {
      if (history.renamedTo !== null || (only !== undefined && history.name !== only)) continue;
      const batches = await findBatches(store.read, { feed: history.name, kind: 'feed' });
      feeds.push(await proveFeed(reader, spool, history, batches));
    }
    return { ok: feeds.every(({ missing, doubled, damaged }) => missing + doubled + damaged === 0), feeds };
  } finally {
    await reader.close();
  }
};

const proveFeed = async (reader: Reader, spool: Spool, history: FeedHistory, batches: Batch[]): Promise<FeedProof> => {
  const proof: FeedProof = {
    feed: history.name,
    transactions: 0,
    batches: batches.length,
    missing: 0,
    doubled: 0,
    damaged: 0,
  };
  let reachedSoFar = history.startedFrom;
  for (const batch of batches) {
    const { membership } = batch;
    const members = await readMembers(reader, membership);
    proof.transactions += members.count;
    proof.missing += Math.max(0, members.count - batch.rows);
    const changed =
      members.count < batch.rows || (members.count === batch.rows && membersText(members) !== batch.members);
    if (changed || (batch.expiredAt === null && !(await isWhole(spool, batch)))) proof.damaged++;
    proof.missing += await countBetween(reader, membership, reachedSoFar, membership.from);
    proof.doubled += await countBetween(reader, membership, membership.from, Math.min(reachedSoFar, membership.to));
    reachedSoFar = Math.max(reachedSoFar, membership.to);
  }
  const last = batches.at(-1)?.membership;
  if (last) proof.missing += await countBetween(reader, last, reachedSoFar, history.watermark);
  return proof;
};

/** Sequences read at a time: keeps memory flat on any size of ledger. */
const stride = 100_000;

const readMembers = async (reader: Reader, membership: Membership): Promise<Members> => {
  const query = memberRows(membership, { expressions: [sequenceColumn(membership.include)] });
  let members = noMembers;
  for (let from = lowest(membership); from < membership.to; from += stride) {
    const rows = await reader.rows(query.sql, query.parameters(from, Math.min(from + stride, membership.to)));
    members = addMembers(members, membersOf(rows.map(([sequence]) => Number(sequence))));
  }
  return members;
};

const countBetween = async (reader: Reader, membership: Membership, from: number, to: number): Promise<number> => {
  if (from >= to) return 0;
  const query = memberAggregate(membership, 'count(*)');
  const [row] = await reader.rows(query.sql, query.parameters(from, to));
  return Number(row?.[0]);
};

/** Whether the bytes of the batch and its companions are in the spool as they were frozen. */
const isWhole = async (spool: Spool, batch: Batch): Promise<boolean> => {
  for (const file of [batch, ...batch.companions]) {
    const found = await digestFile(spool.pathOf(file.spool)).catch((error: unknown) => {
      const fault = asFault(error, 'read', file.fileName);
      if (fault.code === 'missing') return undefined;
      throw fault;
    });
    if (found?.sha256 !== file.sha256 || found.bytes !== file.bytes) return false;
  }
  return true;
};
