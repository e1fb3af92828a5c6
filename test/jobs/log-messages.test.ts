import { expect, test } from 'vitest';
import type { JobContext } from '../../jobs/job.ts';
import { makeLogMessages } from '../../jobs/log-messages.ts';
import { insertMessage, messagesToLog } from '../../src/inbound/mail/messages.ts';
import { mailWith, makeMailStage, messageWithoutBytes, recipient } from '../inbound/mail/stage.ts';
import { describeStores } from '../stores.ts';

describeStores('the job log-messages', (open) => {
  test('a message that cannot be read for now waits for a while, and keeps no other waiting', async () => {
    const store = await open();
    const { spool, accept, submissions } = await makeMailStage(store);
    const stuck = await store.write((writer) => insertMessage(writer, messageWithoutBytes, [recipient()]));
    await accept(mailWith(['a.csv', 'x']));
    await accept(mailWith(['b.csv', 'y']));
    const said: string[] = [];
    const say = (_: object, text: string) => void said.push(text);
    let now = 1000;
    const clock = { now: () => now };
    const ending = new AbortController();
    const log = { info: say, warn: say, error: say };
    const context = { store, spool, clock, log, ending: ending.signal } as unknown as JobContext;
    const { run } = makeLogMessages();
    const troubles = () => said.filter((text) => text !== 'a mail was taken apart').length;
    await run(context);
    expect((await submissions()).map(({ fileName }) => fileName)).toEqual(['a.csv', 'b.csv']);
    expect((await messagesToLog(store.read, 9)).map(({ id }) => id)).toEqual([stuck]);
    expect(troubles()).toBe(1);
    await run(context);
    expect(troubles()).toBe(1);
    now += 5000;
    await run(context);
    expect(troubles()).toBe(2);
    await accept(mailWith(['c.csv', 'z']));
    ending.abort();
    await run(context);
    expect(await submissions()).toHaveLength(2);
  });

  test('as many waiting messages as are looked at in a turn keep no other waiting', async () => {
    const store = await open();
    const { spool, accept, submissions } = await makeMailStage(store);
    const about = { receivedAt: 1, peer: 'x', helo: null, tls: null, envelopeFrom: null, messageId: null };
    const lost = { ...about, evidence: null, spool: '0'.repeat(32), bytes: 1, sha256: 'x' };
    await store.write(async (writer) => {
      for (let n = 0; n < 5; n++) await insertMessage(writer, lost, [recipient()]);
    });
    await accept(mailWith(['a.csv', 'x']));
    const said: string[] = [];
    const say = (_: object, text: string) => void said.push(text);
    const log = { info: say, warn: say, error: say };
    const [clock, ending] = [{ now: () => 1000 }, new AbortController()];
    const context = { store, spool, clock, log, ending: ending.signal } as unknown as JobContext;
    const { run } = makeLogMessages(2);
    for (let turn = 0; turn < 3; turn++) await run(context);
    expect((await submissions()).map(({ fileName }) => fileName)).toEqual(['a.csv']);
  });
});
