import { endingKeys, endingKeyText } from '../src/outbound/feed/key-watch.ts';
import type { Job } from './job.ts';
import { everyHours } from './now-and-then.ts';

/** Says once a day which PGP keys end within 30 days. */
export const makeWatchKeys = (): Job => ({
  name: 'watch-keys',
  part: 'schedule',
  seconds: 30,
  run: everyHours(24, async ({ feeds, clock, log }) => {
    for (const ending of await endingKeys(feeds, clock.now())) {
      const { feed, key, fingerprint, expires } = ending;
      log.warn({ feed, key, fingerprint, expires: new Date(expires).toISOString() }, endingKeyText(ending));
    }
  }),
});
