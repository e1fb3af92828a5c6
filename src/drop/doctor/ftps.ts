import type { FtpsSpec } from '../drop.ts';
import type { MovingDrop } from '../put.ts';
import type { Exam } from './exam.ts';
import { reach } from './reach.ts';
import { Halt } from './run.ts';

/** Everything up to the open drop, one step after the other. */
export const openFtpsDrop = async (exam: Exam, spec: FtpsSpec): Promise<MovingDrop> => {
  await reach(exam, { ...spec, signal: exam.signal });
  throw new Halt('greeting');
};
