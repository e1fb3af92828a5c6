import type { Minor } from '../money.ts';

/**
 * Spreads a total over parts in proportion to their weights, exact to the minor unit: each part gets its share rounded
 * down, and what is left goes, a unit each, to those that lost the most (the first of equal ones). The weights are 0 or
 * more, and not all of them 0 unless the total is.
 */
export const spread = (total: Minor, weights: readonly Minor[]): Minor[] => {
  const sum = weights.reduce((all, weight) => all + weight, 0n);
  if (sum === 0n) return weights.map(() => 0n);
  const shares = weights.map((weight) => (total * weight) / sum);
  const lost = weights.map((weight, i) => ({ i, rest: (total * weight) % sum }));
  const left = Number(total - shares.reduce((all, share) => all + share, 0n));
  const most = lost.toSorted((a, b) => (a.rest === b.rest ? a.i - b.i : a.rest > b.rest ? -1 : 1)).slice(0, left);
  for (const { i } of most) shares[i] = (shares[i] ?? 0n) + 1n;
  return shares;
};
