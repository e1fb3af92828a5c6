import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { fixedClock } from '../../../src/clock.ts';
import { Fault } from '../../../src/fault.ts';
import { openListener } from '../../../src/inbound/mail/listener.ts';
import { silentLog } from '../../../src/log.ts';
import { Secret } from '../../../src/secret.ts';
import { certificates } from '../../servers/certificates.ts';
import { describeStores } from '../../stores.ts';
import { judgeNobody, limits, rules } from './listener-parts.ts';
import { listening } from './listening.ts';
import { connectClient, connectRaw, mailWith, sendOver } from './smtp-client.ts';
import { until } from '../../until.ts';

const sale = 'sale-7f3k@submit.example.test';
const csv = 'OrderId,ActionTrackerId,Amount,Reason\nA,4521,1.00,OTHER\n';

describeStores('a mail', (open) => {
  test('is in the spool and in the database before it is answered with 250', async () => {
    const stage = await listening(await open());
    const client = await connectClient(stage.port);
    const mail = mailWith(csv);
    expect(await sendOver(client, [sale], mail)).toMatch(/^250 2\.0\.0 accepted as message \d+$/);
    const [message, ...more] = await stage.messages();
    expect(more).toEqual([]);
    expect(message).toMatchObject({
      ...{ peer: '127.0.0.1', helo: 'client.example', tls: null, envelopeFrom: 'reports@brand.example' },
      ...{ bytes: mail.length, sha256: createHash('sha256').update(mail).digest('hex') },
      ...{ messageId: '<1@brand.example>', loggedAt: null },
      recipients: [{ recipient: sale, eventTypeId: 4521, check: false, refusal: null }],
    });
    expect(readFileSync(stage.spool.pathOf(message?.spool ?? ''), 'utf8')).toBe(mail);
    expect(stage.accepted()).toBe(1);
    const line = { msg: 'a mail was accepted', recipients: 1, bytes: mail.length, eventTypes: [4521] };
    expect(stage.log).toContainEqual(expect.objectContaining(line));
    expect(JSON.stringify(stage.log)).not.toMatch(/brand\.example|sale-7f3k/);
    client.end();
  });

  test('goes by the envelope alone: any case, several event types, the dry run, each address once', async () => {
    const stage = await listening(await open());
    const client = await connectClient(stage.port);
    const to = [
      'SALE-7F3K@Submit.Example.TEST',
      'sale-7f3k+check@submit.example.test',
      sale,
      'sale-7f3k@ſubmit.example.test',
    ];
    const answer = await sendOver(client, [...to, 'lead-9x2m+CHECK@submit.example.test'], mailWith(csv));
    expect(answer).toMatch(/^250 /);
    const [message] = await stage.messages();
    expect(message?.recipients).toEqual([
      { recipient: 'lead-9x2m+check@submit.example.test', eventTypeId: 4600, check: true, refusal: null },
      { recipient: 'sale-7f3k+check@submit.example.test', eventTypeId: 4521, check: true, refusal: null },
      { recipient: sale, eventTypeId: 4521, check: false, refusal: null },
    ]);
    client.end();
  });

  test('to an unknown, a former or a foreign address is refused at RCPT, with a line for each', async () => {
    const stage = await listening(await open(), { clock: fixedClock('2026-11-21T05:00:00.000Z') });
    const client = await connectClient(stage.port);
    await client.say('MAIL FROM:<reports@brand.example>');
    expect(await client.say('RCPT TO:<nobody@submit.example.test>')).toMatch(/^550 5\.1\.1 /);
    expect(await client.say('RCPT TO:<sale-old@submit.example.test>')).toMatch(/^550 5\.1\.6 /);
    expect(await client.say('RCPT TO:<someone@elsewhere.example>')).toMatch(/^550 5\.7\.1 /);
    expect(await client.say('RCPT TO:<sale-7f3k%elsewhere.example@submit.example.test>')).toMatch(/^550 5\.1\.1 /);
    expect(await client.say('RCPT TO:<postmaster>')).toMatch(/^550 /);
    expect(await client.say('DATA')).toMatch(/^503 /);
    const refused = await until(async () => {
      const lines = await stage.refused();
      return lines.length === 6 ? lines : undefined;
    }, 'six lines');
    const about = { peer: '127.0.0.1', helo: 'client.example', envelopeFrom: 'reports@brand.example', times: 1 };
    expect(refused[0]).toMatchObject({ ...about, recipient: 'nobody@submit.example.test', code: 550 });
    expect(refused.map(({ recipient }) => recipient)).toContain('sale-old@submit.example.test');
    expect(await stage.messages()).toEqual([]);
    expect(stage.files()).toEqual([]);
    client.end();
  });

  test('from a sender whom the event type does not allow on the envelope is refused at RCPT, with a line', async () => {
    const [sales, leads] = rules.eventTypes;
    if (!sales || !leads) throw new Error('two event types');
    const eventTypes = [sales, { ...leads, senders: ['*@brand.example', 'desk@agency.example'] }];
    const stage = await listening(await open(), { change: { eventTypes } });
    const client = await connectClient(stage.port);
    const lead = 'lead-9x2m@submit.example.test';
    const refused = /^550 5\.7\.1 The envelope sender \(Return-Path\) is not allowed for this address\./;
    await client.say('MAIL FROM:<desk@agency.example>');
    expect(await client.say(`RCPT TO:<${sale}>`)).toMatch(refused);
    expect(await client.say(`RCPT TO:<${lead}>`)).toMatch(/^250 /);
    expect(await client.say('DATA')).toMatch(/^354 /);
    client.write(mailWith(csv));
    expect(await client.say('.')).toMatch(/^250 /);
    await client.say('MAIL FROM:<>');
    expect(await client.say(`RCPT TO:<${lead}>`)).toMatch(/^550 5\.7\.1 The sender cannot be told: /);
    client.end();
    const [message] = await stage.messages();
    // The other recipient's file is logged as well, as Failed, with what was answered.
    const reason = 'The envelope sender (Return-Path) is not allowed for this address.';
    expect(message?.recipients.map(({ recipient, refusal }) => [recipient, refusal])).toEqual([
      [lead, null],
      [sale, reason],
    ]);
    const lines = (await stage.refused()).map(({ recipient, envelopeFrom, code }) => [recipient, envelopeFrom, code]);
    expect(lines).toEqual([
      [sale, 'desk@agency.example', 550],
      [lead, null, 550],
    ]);
  });

  test('to an address with an end is taken up to the end of that day in the zone of its event type', async () => {
    const clock = fixedClock('2026-11-21T04:59:59.999Z'); // 23:59:59.999 on the 20th in New York
    const stage = await listening(await open(), { clock });
    const client = await connectClient(stage.port);
    await client.say('MAIL FROM:<reports@brand.example>');
    expect(await client.say('RCPT TO:<sale-old@submit.example.test>')).toMatch(/^250 /);
    clock.advance(1);
    expect(await client.say('RCPT TO:<sale-old@submit.example.test>')).toMatch(/^550 /);
    client.end();
  });

  test('that is larger than the limit: SIZE says so, MAIL refuses it, and DATA is read to its end and forgotten', async () => {
    const stage = await listening(await open(), { change: { maxSize: 100_000 } });
    const client = await connectClient(stage.port);
    expect(await client.say('EHLO client.example')).toContain('SIZE 100000');
    expect(await client.say('MAIL FROM:<a@brand.example> SIZE=100001')).toMatch(/^552 /);
    await client.say('MAIL FROM:<a@brand.example> SIZE=1000');
    await client.say(`RCPT TO:<${sale}>`);
    await client.say('DATA');
    for (let line = 0; line < 3000; line++) client.write(`${'x'.repeat(98)}\r\n`);
    expect(await client.say('.')).toMatch(/^552 5\.3\.4 /);
    expect(stage.files()).toEqual([]);
    const lines = await until(async () => {
      const found = await stage.refused();
      return found.length === 2 ? found : undefined;
    }, 'both lines');
    expect(lines.map(({ code, envelopeFrom }) => [code, envelopeFrom])).toEqual([
      [552, 'a@brand.example'],
      [552, 'a@brand.example'],
    ]);
    // The connection goes on, and a mail of the very limit fits.
    const mail = Buffer.alloc(100_000, 'y\r\n');
    mail.write('\r\n', 99_998);
    expect(await sendOver(client, [sale], mail)).toMatch(/^250 /);
    client.end();
  });

  test('whose sender is allowed by nobody is refused; by some, it is taken and says so', async () => {
    const judge = (all: boolean) => () =>
      judgeNobody({} as never, new Map()).then(({ evidence }) => ({
        evidence,
        refusals: new Map([
          [sale, 'Mail from stranger.example is not allowed here.'],
          ...(all ? [['lead-9x2m@submit.example.test', 'Nor here.'] as const] : []),
        ]),
      }));
    let all = true;
    const stage = await listening(await open(), { judge: () => judge(all)() });
    const client = await connectClient(stage.port);
    const to = [sale, 'lead-9x2m@submit.example.test'];
    const refused = await sendOver(client, to, mailWith(csv));
    expect(refused).toBe('550 5.7.1 Mail from stranger.example is not allowed here.');
    expect(await stage.messages()).toEqual([]);
    expect(stage.files()).toEqual([]);
    expect((await stage.refused()).map(({ recipient, code }) => [recipient, code])).toEqual(
      to.map((one) => [one, 550]),
    );
    all = false;
    expect(await sendOver(client, to, mailWith(csv))).toMatch(/^250 .*; not allowed for 1 of its recipients$/);
    const [message] = await stage.messages();
    expect(message?.recipients).toEqual([
      { recipient: 'lead-9x2m@submit.example.test', eventTypeId: 4600, check: false, refusal: null },
      { recipient: sale, eventTypeId: 4521, check: false, refusal: 'Mail from stranger.example is not allowed here.' },
    ]);
    client.end();
  });

  test('that our own trouble keeps from being taken is answered 451 and leaves nothing', async () => {
    const store = await open();
    const faults = [
      new Fault({ operation: 'x', object: 'y', reason: 'z', hint: 'h', next: 'retry', code: 'dns-temporary' }),
      new Error('a bug'),
    ];
    const stage = await listening(store, { judge: () => Promise.reject(faults.shift() ?? new Error('no more')) });
    const client = await connectClient(stage.port);
    expect(await sendOver(client, [sale], mailWith(csv))).toMatch(/^451 4\.4\.3 /);
    expect(await sendOver(client, [sale], mailWith(csv))).toMatch(/^451 4\.3\.0 /);
    expect(stage.files()).toEqual([]);
    client.end();
  });

  test('when the database refuses its row leaves nothing in the spool', async () => {
    const store = await open();
    const stage = await listening(store);
    const client = await connectClient(stage.port);
    await store.write(({ knex }) => knex.schema.renameTable('message_recipients', 'elsewhere'));
    expect(await sendOver(client, [sale], mailWith(csv))).toMatch(/^451 4\.3\.0 /);
    expect(stage.files()).toEqual([]);
    expect(await stage.messages()).toEqual([]);
    await store.write(({ knex }) => knex.schema.renameTable('elsewhere', 'message_recipients'));
    expect(await sendOver(client, [sale], mailWith(csv))).toMatch(/^250 /);
    client.end();
  });
});

describeStores('the listener', (open) => {
  test('offers no sign-in and passes nothing on', async () => {
    const stage = await listening(await open());
    const client = await connectClient(stage.port);
    const offers = await client.say('EHLO client.example');
    expect(offers).toMatch(/^250-submit\.example\.test /);
    expect(offers).not.toMatch(/AUTH|STARTTLS|CHUNKING|XCLIENT/);
    for (const command of ['AUTH PLAIN AGEAYg==', 'STARTTLS', 'XCLIENT ADDR=10.0.0.1', 'BDAT 10 LAST', 'WIZ a'])
      expect(await client.say(command)).toMatch(/^50\d |^500 /);
    client.end();
  });

  test('speaks TLS with its own certificate, demands it where asked to, and takes a new one', async () => {
    const pair = (name: 'server' | 'renewed') => {
      const { certificate, key } = certificates()[name];
      const secret = (path: string) => new Secret(readFileSync(path, 'utf8'));
      return { certificate: secret(certificate), key: secret(key), required: true };
    };
    const stage = await listening(await open(), { change: { tls: pair('server') } });
    const client = await connectClient(stage.port);
    expect(await client.say('MAIL FROM:<a@brand.example>')).toMatch(/^530 5\.7\.0 /);
    expect(await client.say('STARTTLS')).toMatch(/^220 /);
    const first = (await client.secure()).getPeerCertificate().fingerprint256;
    expect(await client.say('MAIL FROM:<a@brand.example>')).toMatch(/^503 /); // what was said in clear is forgotten
    await client.say('EHLO client.example');
    expect(await sendOver(client, [sale], mailWith(csv))).toMatch(/^250 /);
    expect((await stage.messages())[0]?.tls).toBe('TLSv1.3');
    client.end();
    stage.useRules({ ...rules, tls: pair('renewed') });
    const again = await connectClient(stage.port);
    await again.say('STARTTLS');
    expect((await again.secure()).getPeerCertificate().fingerprint256).not.toBe(first);
    again.end();
  });

  test('forgets what was sent in clear behind STARTTLS', async () => {
    const { certificate, key } = certificates().server;
    const secret = (path: string) => new Secret(readFileSync(path, 'utf8'));
    const tls = { certificate: secret(certificate), key: secret(key), required: false };
    const stage = await listening(await open(), { change: { tls } });
    const client = await connectClient(stage.port);
    client.write('STARTTLS\r\nMAIL FROM:<planted@brand.example>\r\n');
    expect(await client.reply()).toMatch(/^220 /);
    await client.secure();
    expect(await client.say('EHLO client.example')).toMatch(/^250-/);
    expect(await client.say(`RCPT TO:<${sale}>`)).toMatch(/^503 /);
    client.end();
  });

  test('takes other rules while connections are open', async () => {
    const stage = await listening(await open());
    const client = await connectClient(stage.port);
    await client.say('MAIL FROM:<a@brand.example>');
    expect(await client.say('RCPT TO:<new@submit.example.test>')).toMatch(/^550 /);
    const [first] = rules.eventTypes;
    stage.useRules({ ...rules, eventTypes: first ? [{ ...first, addresses: [{ local: 'new' }] }] : [] });
    expect(await client.say('RCPT TO:<new@submit.example.test>')).toMatch(/^250 /);
    expect(await client.say(`RCPT TO:<${sale}>`)).toMatch(/^550 /);
    client.end();
  });

  test('a port in use is a Fault that says what to do', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    const store = await open();
    const stage = await listening(store);
    const context = { store, spool: stage.spool, clock: fixedClock(0), log: silentLog, judgeSender: judgeNobody };
    const trying = openListener({ host: '127.0.0.1', port }, rules, { ...context, onAccepted: () => undefined });
    await expect(trying).rejects.toMatchObject({
      ...{
        code: 'port-in-use',
        message: `listen for mail on 127.0.0.1:${port}: the port is in use by another program`,
      },
      hint: expect.stringContaining('mail.listen') as string,
    });
    await new Promise((resolve) => other.close(resolve));
  });

  test('when told to stop finishes what it has been given, and says 421 to the rest', async () => {
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    let judging = false;
    const stage = await listening(await open(), {
      judge: async (...args) => {
        judging = true;
        await released;
        return judgeNobody(...args);
      },
    });
    const [busy, idle] = [await connectClient(stage.port), await connectClient(stage.port)];
    const sent = sendOver(busy, [sale], mailWith(csv));
    await until(() => judging, 'its bytes are here');
    const closed = stage.close(30_000);
    expect(await idle.reply()).toMatch(/^421 4\.3\.2 /);
    await expect(connectRaw(stage.port)).rejects.toThrow(/ECONNREFUSED/);
    release();
    expect(await sent).toMatch(/^250 /);
    expect(await busy.say('MAIL FROM:<a@brand.example>')).toMatch(/^421 /);
    busy.end();
    idle.end();
    await closed;
    expect(await stage.messages()).toHaveLength(1);
  });

  test('one connection too many, of one peer or of all, hears 421', async () => {
    const stage = await listening(await open(), { change: { limits: { ...limits, connectionsPerPeer: 2 } } });
    const first = [await connectClient(stage.port), await connectClient(stage.port)];
    const third = await connectRaw(stage.port);
    expect(await third.reply()).toMatch(/^421 4\.7\.0 /);
    stage.useRules({ ...rules, limits: { ...limits, connections: 2 } });
    const fourth = await connectRaw(stage.port);
    expect(await fourth.reply()).toMatch(/^421 /);
    for (const one of first) one.end();
    // Their places are free again.
    await until(async () => {
      const next = await connectRaw(stage.port);
      const greeting = await next.reply();
      next.end();
      return greeting.startsWith('220 ');
    }, 'a place is free');
    expect((await stage.refused()).map(({ code, reason }) => [code, reason])).toEqual([
      [421, '4.7.0 too many connections from your address; try again in a moment'],
    ]);
  });

  test('too many recipients, too many mails of a sender, too many guesses are refused', async () => {
    const change = { limits: { ...limits, recipients: 1, senderHourly: 2 } };
    const stage = await listening(await open(), { change });
    const client = await connectClient(stage.port);
    await client.say('MAIL FROM:<a@brand.example>');
    await client.say(`RCPT TO:<${sale}>`);
    expect(await client.say('RCPT TO:<lead-9x2m@submit.example.test>')).toMatch(/^452 /);
    await client.say('RSET');
    expect(await sendOver(client, [sale], mailWith(csv))).toMatch(/^250 /);
    expect(await sendOver(client, [sale], mailWith(csv))).toMatch(/^250 /);
    expect(await sendOver(client, [sale], mailWith(csv))).toMatch(/^450 4\.7\.1 /);
    await client.say('RSET');
    expect(await sendOver(client, [sale], mailWith(csv), 'other@brand.example')).toMatch(/^250 /);
    const guesser = await connectClient(stage.port);
    await guesser.say('MAIL FROM:<a@brand.example>');
    const answers: string[] = [];
    for (let guess = 0; guess < 20; guess++) answers.push(await guesser.say(`RCPT TO:<g${guess}@submit.example.test>`));
    expect(answers.slice(0, 19).every((one) => one.startsWith('550 '))).toBe(true);
    expect(answers[19]).toMatch(/^421 /);
    expect(await guesser.reply()).toBe('closed');
  });

  test('who stays silent is told so, in a mail too, and a mail that is cut off leaves a line and nothing else', async () => {
    const stage = await listening(await open(), { change: { limits: { ...limits, idle: 300 } } });
    const silent = await connectRaw(stage.port);
    expect(await silent.reply()).toMatch(/^220 /);
    expect(await silent.reply()).toMatch(/^421 /);
    stage.useRules(rules);
    const client = await connectClient(stage.port);
    await client.say('MAIL FROM:<reports@brand.example>');
    await client.say(`RCPT TO:<${sale}>`);
    await client.say('DATA');
    client.write(`From: <reports@brand.example>\r\n\r\n${`${'x'.repeat(70)}\r\n`.repeat(10_000)}`);
    await until(() => stage.files().length === 1, 'so many bytes are here that they are no longer held in memory');
    client.end();
    const [line] = await until(async () => {
      const found = await stage.refused();
      return found.length === 1 ? found : undefined;
    }, 'the line of the lost mail');
    expect(line).toMatchObject({
      envelopeFrom: 'reports@brand.example',
      reason: expect.stringContaining('lost') as string,
    });
    expect(stage.files()).toEqual([]);
    expect(await stage.messages()).toEqual([]);
  });
});
