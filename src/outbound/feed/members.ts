/**
 * A fingerprint of a set of sequences, whatever their order: how many, their sum, and the sum of a hash of each. Kept
 * with a batch, it lets `prove` find a lost, doubled or exchanged row by reading the ledger again.
 */
export interface Members {
  count: number;
  sum: bigint;
  mix: bigint;
}

export const noMembers: Members = { count: 0, sum: 0n, mix: 0n };

/** A 32-bit hash (the finaliser of MurmurHash3, over both halves of a sequence below 2^53). */
const hash = (sequence: number): number => {
  let h = Math.imul((sequence / 0x100000000) | 0, 0x9e3779b1) ^ sequence;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
};

/** Of at most about a million sequences at once (sums stay exact below 2^53); join larger ones with `addMembers`. */
export const membersOf = (sequences: Iterable<number>): Members => {
  let count = 0;
  let mix = 0;
  let sum = 0n;
  let part = 0;
  for (const sequence of sequences) {
    count++;
    mix += hash(sequence);
    part += sequence;
    if (part > Number.MAX_SAFE_INTEGER / 2) {
      sum += BigInt(part);
      part = 0;
    }
  }
  return { count, sum: sum + BigInt(part), mix: BigInt(mix) };
};

export const addMembers = (a: Members, b: Members): Members => ({
  count: a.count + b.count,
  sum: a.sum + b.sum,
  mix: a.mix + b.mix,
});

/** As kept in the database. */
export const membersText = ({ sum, mix }: Members): string => `${sum}:${mix}`;
