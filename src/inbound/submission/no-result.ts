import { Fault } from '../../fault.ts';

/** What is said where a result file is asked for that is not there. */
export const noResult = (id: number, status: string): Fault =>
  new Fault({
    operation: 'find the result file of',
    object: `submission ${id}`,
    reason: `it is ${status}, and only one that is Complete has a result file`,
    hint: `look at it: nightdrop submissions show ${id}`,
    next: 'refuse',
    code: 'no-result',
  });
