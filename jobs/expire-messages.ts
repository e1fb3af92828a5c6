import { expireMessages, forgetRefusals } from '../src/inbound/mail/expiry.ts';
import type { Job } from './job.ts';
import { everyHours } from './now-and-then.ts';

/** Lets go of raw mails older than `retention.messages`, and of the lines of refused mail; what was accepted stays logged. */
export const makeExpireMessages = (): Job => ({
  name: 'expire-messages',
  part: 'work',
  seconds: 30,
  run: everyHours(1, async ({ store, spool, clock, keepMessages, log }) => {
    const now = clock.now();
    for (let expired = 1; expired > 0;) {
      expired = await expireMessages(store, spool, now - keepMessages, now);
      if (expired > 0) log.info({ messages: expired }, 'raw mails have expired');
    }
    const forgotten = await forgetRefusals(store, now - keepMessages);
    if (forgotten > 0) log.info({ lines: forgotten }, 'old lines of refused mail are gone');
  }),
});
