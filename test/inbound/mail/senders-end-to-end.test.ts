import { createTransport } from 'nodemailer';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { findFiles } from '../../../src/inbound/mail/found-files.ts';
import { judgeSender } from '../../../src/inbound/mail/judge-sender.ts';
import type { JudgeSender, SenderRule } from '../../../src/inbound/mail/judgement.ts';
import type { ListenerRules } from '../../../src/inbound/mail/listener.ts';
import { logMessage } from '../../../src/inbound/mail/log-message.ts';
import { findMessage } from '../../../src/inbound/mail/messages.ts';
import { findReply } from '../../../src/inbound/mail/replies.ts';
import { openResolver } from '../../../src/inbound/mail/resolver.ts';
import { sendReplies } from '../../../src/inbound/mail/send-replies.ts';
import { silentLog } from '../../../src/log.ts';
import { type DnsServer, startDns, type Zone } from '../../servers/dns.ts';
import { describeStores } from '../../stores.ts';
import { type Listening, listening } from './listening.ts';
import { rawMail, signed, signingKey } from './signed.ts';
import { until } from '../../until.ts';

const key = signingKey();
const address = 'sale-7f3k@submit.example.test';

const dnsOf = async (zone: Zone): Promise<DnsServer> => {
  const dns = await startDns(zone);
  onTestFinished(() => dns.close());
  return dns;
};

const judgeBy = (dns: DnsServer): JudgeSender => {
  const options = { resolver: openResolver([dns.address]), deadlines: { require: 60_000, record: 60_000 } };
  return (mail, rules) => judgeSender(mail, rules, options);
};

const typeOf = (authentication: SenderRule['authentication'], ...senders: string[]): ListenerRules['eventTypes'] => [
  { eventTypeId: 4521, timezone: 'UTC', senders, authentication, addresses: [{ local: 'sale-7f3k' }] },
];

/** Sends a raw message; the answer to it, whether it was taken or not. */
const post = async ({ port }: Listening, from: string, raw: string, to = address): Promise<string> => {
  const transport = createTransport({ host: '127.0.0.1', port, ignoreTLS: true });
  try {
    return (await transport.sendMail({ envelope: { from, to }, raw })).response;
  } catch (error) {
    return error instanceof Error && 'response' in error ? String(error.response) : String(error);
  }
};

const from = 'From: Reports <reports@brand.example>';
const published: Zone = {
  's1._domainkey.brand.example': { TXT: [key.record] },
  'brand.example': { TXT: ['v=spf1 -all'] },
};

describeStores('a mail at the listener', (open) => {
  test('that has to prove itself: taken with a signature, 550 without, 451 while name servers fail', async () => {
    const dns = await dnsOf(structuredClone(published));
    const service = await listening(await open(), {
      ...{ judge: judgeBy(dns), change: { eventTypes: typeOf('require', '*@brand.example') } },
    });
    const good = await signed(rawMail(from), { domain: 'brand.example', key });
    expect(await post(service, 'reports@brand.example', rawMail(from))).toMatch(/^550 /);
    expect(await post(service, 'thief@evil.example', good)).toMatch(/^550 /);
    expect(
      await post(service, 'reports@brand.example', await signed(rawMail(from, from), { domain: 'brand.example', key })),
    ).toMatch(/^550 /);
    dns.zone['s1._domainkey.brand.example'] = { trouble: 'SERVFAIL' };
    expect(await post(service, 'reports@brand.example', good)).toMatch(/^451 /);
    expect(await service.messages()).toEqual([]);
    expect(service.files()).toEqual([]);
    dns.zone['s1._domainkey.brand.example'] = { TXT: [key.record] };
    expect(await post(service, 'reports@brand.example', good)).toMatch(/^250 /);
    const [message, ...more] = await service.messages();
    expect(more).toEqual([]);
    expect(message?.evidence).toMatchObject({
      ...{ headerFrom: ['reports@brand.example'], proof: 'pass', spf: 'fail', dkim: 'pass' },
      reasons: expect.arrayContaining(['DKIM: pass for brand.example']) as string[],
    });
    const reasons = (await service.refused()).map(({ reason, code }) => `${code} ${reason}`);
    expect(reasons.join('\n')).toMatch(/550 .*does not prove that it comes from brand\.example/);
    expect(JSON.stringify(service.log)).not.toContain('reports@brand.example');
  });

  test('in a circle of two services that take each other’s mail: one answer is tried, and nothing of it is taken', async () => {
    const dns = await dnsOf({});
    const store = await open();
    const judge = judgeBy(dns);
    const everyone = ['*@submit.example.test', '*@other.example.test'];
    const one = await listening(store, { judge, change: { eventTypes: typeOf('off', ...everyone) } });
    const change = { domain: 'other.example.test', eventTypes: typeOf('off', ...everyone) };
    const other = await listening(await open(), { judge, change });
    const theirs = 'sale-7f3k@other.example.test';
    expect(await post(one, theirs, rawMail(`From: ${theirs}`))).toMatch(/^250 /);
    const [message] = await until(() => one.messages(), 'the mail is here');
    if (!message) throw new Error('no message');
    const context = { store, spool: one.spool, findFiles: (raw: string) => findFiles(one.spool, one.spool.read(raw)) };
    const found = await findMessage(store.read, message.id);
    if (found) await logMessage(context, found);
    await store.write(({ knex }) => knex('submissions').update({ status: 'Failed', completed_at: 1 }));
    const never = new AbortController().signal;
    const send = () =>
      sendReplies({
        ...{
          store,
          spool: one.spool,
          clock: systemClock,
          random: () => 0,
          log: silentLog,
          ending: never,
          abandon: never,
        },
        replying: {
          relay: { host: '127.0.0.1', port: other.port, from: 'nightdrop@submit.example.test' },
          domain: 'submit.example.test',
          rules: new Map([[4521, { reply: 'summary', authentication: 'off', name: 'Sale' }]]),
        },
      });
    await send();
    await send();
    expect(await findReply(store.read, message.id, address)).toMatchObject({
      address: theirs,
      attempts: 1,
      sentAt: null,
    });
    expect(await other.messages()).toEqual([]);
    expect((await other.refused()).map(({ reason }) => reason).join()).toMatch(/no envelope sender/);
  });
});
