import { safeName } from '../../safe-name.ts';
import type { MovingDrop } from '../put.ts';
import { codeOf, type Exam } from './exam.ts';
import { median, time } from './text.ts';

const requests = 7;

/** How long a small question takes: the median of several. */
export const tryRoundTrip = async ({ run, learned, left }: Exam, drop: MovingDrop): Promise<void> => {
  if (learned.looks === 'not' || learned.looks === 'by list')
    return run.skip('round-trip', 'there is no small question to ask');
  await run.attempt('round-trip', async () => {
    const name = [...left][0] ?? safeName('.nightdrop-doctor-nothing.probe');
    const taken: number[] = [];
    for (let n = 0; n < requests; n++) {
      const from = performance.now();
      await drop.moves.look(name);
      taken.push(performance.now() - from);
    }
    return { detail: `${time(median(taken))} (median of ${requests})` };
  });
};

/** Whether the server lets us in a second time while the first session is open. */
export const trySecondSession = async (exam: Exam): Promise<void> => {
  await exam.run.attempt('sessions', async () => {
    try {
      const second = await exam.reopen();
      await second.close();
      return { detail: 'a second session at the same time is possible' };
    } catch (error) {
      const code = codeOf(error);
      if (code === undefined) throw error;
      if (exam.sessions === 1) return { detail: 'it lets us in once at a time; "sessions: 1" is right' };
      exam.facts.oneSession = true;
      const cause = 'the server lets us in once at a time';
      return {
        result: 'note',
        detail: code === 'busy' ? 'refused as busy' : `refused (${code})`,
        cause,
        hint: 'set "sessions: 1" for this drop',
      };
    }
  });
};
