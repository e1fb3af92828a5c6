import type { CellProblem, CellReading } from './cells.ts';

/** A line that is not judged any further. */
export interface Refusal extends Partial<CellProblem> {
  outcome: 'MALFORMED' | 'INVALID_ACTION_TRACKER' | 'CONV_MALFORMED';
}

/** The first problem of a line ends its reading. */
export class Unreadable extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.outcome);
    this.refusal = refusal;
  }
}

/** The value of a cell that was read; throws `Unreadable` with the outcome otherwise. */
export const valueOr = <T>(outcome: Refusal['outcome'], reading: CellReading<T>): T => {
  if ('value' in reading) return reading.value;
  throw new Unreadable({ outcome, ...reading.problem });
};
