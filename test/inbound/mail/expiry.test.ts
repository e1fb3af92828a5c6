import { readdir, utimes } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import type { JobContext } from '../../../jobs/job.ts';
import { makeExpireMessages } from '../../../jobs/expire-messages.ts';
import { makeSweepSpool } from '../../../jobs/sweep-spool.ts';
import { fixedClock } from '../../../src/clock.ts';
import { silentLog } from '../../../src/log.ts';
import { forgetRefusals } from '../../../src/inbound/mail/expiry.ts';
import { findMessage, insertMessage, markLogged } from '../../../src/inbound/mail/messages.ts';
import { insertRefusal, newestRefused } from '../../../src/inbound/mail/refused-mail.ts';
import { spoolFile } from '../../../src/inbound/submission/accept.ts';
import type { Store } from '../../../src/store/store.ts';
import { due, makeContext } from '../../feeds.ts';
import { describeStores } from '../../stores.ts';

const day = 86_400_000;

const refuse = (store: Store, reason: string, at: number) =>
  store.write((writer) =>
    insertRefusal(
      writer,
      { peer: '127.0.0.1', helo: null, envelopeFrom: null, recipient: null, reason, code: 550 },
      at,
    ),
  );

describeStores('raw mails', (open) => {
  test('stay in the spool as long as they are kept, then their rows alone stay; what is not logged yet stays', async () => {
    const clock = fixedClock(due);
    const store = await open();
    const context = {
      ...(await makeContext(store, clock)),
      keepMessages: 90 * day,
      log: silentLog,
    } as unknown as JobContext;
    const { spool } = context;
    const add = async (receivedAt: number, logged: boolean): Promise<number> => {
      const spooled = await spoolFile(spool, Readable.from([Buffer.from('mail')]));
      const from = { peer: '127.0.0.1', helo: null, tls: null, envelopeFrom: 'a@brand.example' };
      const message = { ...spooled, ...from, receivedAt, messageId: null, evidence: null };
      return store.write(async (writer) => {
        const id = await insertMessage(writer, message, []);
        if (logged) await markLogged(writer, id, receivedAt);
        return id;
      });
    };
    const [old, waiting, young] = [
      await add(due - 91 * day, true),
      await add(due - 91 * day, false),
      await add(due, true),
    ];
    const files = async () => (await readdir(spool.folder)).filter((name) => name !== 'notes');
    const before = (due - 2 * day) / 1000;
    for (const name of await files()) await utimes(spool.pathOf(name), before, before);
    await makeSweepSpool().run(context);
    expect(await files()).toHaveLength(3);
    await makeExpireMessages().run(context);
    expect(await files()).toHaveLength(2);
    const expired = await Promise.all([old, waiting, young].map((id) => findMessage(store.read, id)));
    expect(expired.map((one) => one?.expiredAt)).toEqual([due, null, null]);
  });

  test('the lines of refused mail go with their time, and beyond a number', async () => {
    const store = await open();
    for (let i = 0; i < 6; i++) await refuse(store, `reason ${i}`, due + i * day);
    expect(await forgetRefusals(store, due + 2 * day)).toBe(2);
    expect(await forgetRefusals(store, 0, 3)).toBe(1);
    expect((await newestRefused(store.read, 10)).map(({ reason }) => reason)).toEqual(
      [3, 4, 5].map((i) => `reason ${i}`),
    );
  });
});
