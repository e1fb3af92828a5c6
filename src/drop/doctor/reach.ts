import type { Exam } from './exam.ts';
import { addressesOf, type Host, reachOne } from './network.ts';
import { time } from './text.ts';

/** The first steps of every server: its name and its port. */
export const reach = async ({ run }: Exam, at: Host): Promise<void> => {
  let addresses: string[] = [];
  await run.must('name', async () => {
    addresses = await addressesOf(at);
    return {
      detail: addresses.includes(at.host) ? `${at.host} is an address` : `${at.host} is ${addresses.join(', ')}`,
    };
  });
  await run.must('tcp', async () => {
    const { address, ms, deaf } = await reachOne(at, addresses);
    const detail = `${address}, port ${at.port}, in ${time(ms)}`;
    if (deaf.length === 0) return { detail };
    const cause = `not every address of ${at.host} takes the call (${deaf.join('; ')})`;
    return { result: 'note', detail, cause, hint: `ask the partner; until then a connection may take longer` };
  });
};
