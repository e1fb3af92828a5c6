import { expect, test } from 'vitest';
import {
  findMessage,
  insertMessage,
  markLogged,
  messageSpoolNames,
  messagesToLog,
  type NewMessage,
  recipientsOf,
} from '../../../src/inbound/mail/messages.ts';
import { insertRefusal, newestRefused, type Refusal } from '../../../src/inbound/mail/refused-mail.ts';
import { describeStores } from '../../stores.ts';

const mail: NewMessage = {
  receivedAt: 1_795_215_600_000,
  peer: '192.0.2.7',
  helo: 'mx.brand.example',
  tls: 'TLSv1.3',
  envelopeFrom: 'reports@brand.example',
  spool: 'a'.repeat(32),
  bytes: 1200,
  sha256: 'b'.repeat(64),
  messageId: '<1@brand.example>',
  evidence: {
    ...{ headerFrom: ['reports@brand.example'], proof: 'pass' },
    ...{ spf: 'pass', dkim: null, dmarc: null, automatic: null, reasons: [] },
  },
};
const sale = { recipient: 'sale@submit.example.test', eventTypeId: 4521, check: false, refusal: null };
const tried = { recipient: 'sale+check@submit.example.test', eventTypeId: 4521, check: true, refusal: 'Not allowed.' };
const refusal: Refusal = {
  ...{ peer: '192.0.2.7', helo: 'mx', envelopeFrom: null, recipient: 'nobody@submit.example.test' },
  ...{ reason: 'no such address', code: 550 },
};

describeStores('accepted and refused mail', (open) => {
  test('a message and its recipients come back as they were written; it is logged once', async () => {
    const store = await open();
    const id = await store.write((writer) => insertMessage(writer, mail, [tried, sale]));
    expect(await findMessage(store.read, id)).toEqual({ ...mail, id, loggedAt: null, expiredAt: null });
    expect(await recipientsOf(store.read, id)).toEqual([tried, sale]);
    expect((await messagesToLog(store.read, 10)).map((one) => one.id)).toEqual([id]);
    expect(await messageSpoolNames(store.read)).toEqual(new Set([mail.spool]));
    expect(await store.write((writer) => markLogged(writer, id, 5))).toBe(true);
    expect(await store.write((writer) => markLogged(writer, id, 6))).toBe(false);
    expect((await findMessage(store.read, id))?.loggedAt).toBe(5);
    expect(await messagesToLog(store.read, 10)).toEqual([]);
  });

  test('a refusal is a line; the same again within an hour is one time more', async () => {
    const store = await open();
    const refuse = (one: Refusal, at: number) => store.write((writer) => insertRefusal(writer, one, at));
    await refuse(refusal, 1000);
    await refuse(refusal, 2000);
    await refuse({ ...refusal, peer: '192.0.2.8' }, 3000);
    await refuse(refusal, 1000 + 3_600_000);
    const lines = await newestRefused(store.read, 10);
    expect(lines.map(({ at, lastAt, times, peer }) => [at, lastAt, times, peer])).toEqual([
      [1000, 2000, 2, '192.0.2.7'],
      [3000, 3000, 1, '192.0.2.8'],
      [3_601_000, 3_601_000, 1, '192.0.2.7'],
    ]);
    expect(await newestRefused(store.read, 1)).toMatchObject([{ at: 3_601_000, ...refusal }]);
  });
});
