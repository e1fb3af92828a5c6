/** One line of the table: our figure beside the peer's in the same run. */
export interface BenchRow {
  work: string;
  peer: string;
  oursMs: number;
  peerMs: number;
  ratio: number;
  /** What the design allows, e.g. `≤ 2.2`. */
  budget: string;
  met: boolean;
  /** Anything else that was measured, e.g. memory. */
  note?: string;
}

export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;

export const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const start = performance.now();
  await work();
  return performance.now() - start;
};
