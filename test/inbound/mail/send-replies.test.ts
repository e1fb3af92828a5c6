import { type ParsedMail, simpleParser } from 'mailparser';
import { expect, onTestFinished, test } from 'vitest';
import { fixedClock, systemClock } from '../../../src/clock.ts';
import { claimReply, findReply, planReply, repliesDue } from '../../../src/inbound/mail/replies.ts';
import { findSubmissions } from '../../../src/inbound/submission/submissions.ts';
import { type ScriptedSmtp, type SmtpScript, startScriptedSmtp } from '../../servers/scripted-smtp.ts';
import { describeStores } from '../../stores.ts';
import { evidence, makeReplyStage, sale } from './reply-stage.ts';
import { mailWith } from './stage.ts';

const startRelay = async (script: SmtpScript = {}): Promise<ScriptedSmtp> => {
  const relay = await startScriptedSmtp(script);
  onTestFinished(() => relay.close());
  return relay;
};

const returns =
  'OrderId,ActionTrackerId,Amount,Reason\nA,4521,0,ITEM_RETURNED\nB,4521,0,NONSENSE\nC,4521,5,ITEM_RETURNED\n';
const parse = (mail: string): Promise<ParsedMail> => simpleParser(`${mail}\r\n`);
const attachments = ({ attachments: files }: ParsedMail): Record<string, string> =>
  Object.fromEntries(files.map(({ filename, content }) => [filename ?? '', content.toString('utf8')]));

describeStores('answers to mails', (open) => {
  test('go once to the sender, with counts and the rejected lines, from nobody', async () => {
    const relay = await startRelay();
    const stage = await makeReplyStage(await open(), { port: relay.port });
    const { id, messageId } = await stage.mail(mailWith(['returns.csv', returns]));
    await stage.send();
    await stage.send();
    expect(relay.mails).toHaveLength(1);
    expect(relay.commands.map(({ line }) => line)).toContain('MAIL FROM:<>');
    expect(relay.commands.map(({ line }) => line)).toContain('RCPT TO:<reports@brand.example>');
    const mail = await parse(relay.mails[0] ?? '');
    expect(mail.subject).toBe('returns.csv: 2 errors');
    expect(mail.headers.get('auto-submitted')).toBe('auto-replied');
    expect([mail.inReplyTo, mail.references]).toEqual([messageId, messageId]);
    expect(mail.from?.text).toBe('nightdrop@example.test');
    expect(mail.text).toContain('3 records: 1 applied, 0 unchanged, 2 errors.');
    expect(mail.text).toContain('BAD_DISPOSITION: ');
    const files = attachments(mail);
    expect(Object.keys(files)).toEqual(['rejected_returns.csv']);
    const lines = files['rejected_returns.csv']?.split('\r\n') ?? [];
    expect(lines[0]).toBe('\ufeffOrderId,ActionTrackerId,Amount,Reason,line,outcome,message,hint');
    expect(lines.slice(1).map((line) => line.split(',').slice(0, 6).join())).toEqual([
      'B,4521,0,NONSENSE,3,BAD_DISPOSITION',
      'C,4521,5,ITEM_RETURNED,4,ACTION_NOT_FOUND',
      '',
    ]);
    expect(await findReply(stage.contextOf().store.read, id, sale.recipient)).toMatchObject({
      withheld: null,
      givenUpAt: null,
    });
    expect(JSON.stringify(stage.log)).not.toContain('reports@brand.example');
  });

  test('the rejected lines, corrected, are a file that is taken', async () => {
    const relay = await startRelay();
    const stage = await makeReplyStage(await open(), { port: relay.port });
    await stage.mail(mailWith(['returns.csv', returns]));
    await stage.send();
    const rejected = attachments(await parse(relay.mails[0] ?? ''))['rejected_returns.csv'] ?? '';
    const corrected = rejected.replace('NONSENSE', 'ITEM_RETURNED').replace('C,4521,5', 'A,4521,5');
    await stage.mail(mailWith(['rejected_returns.csv', corrected]));
    const [, second] = await findSubmissions(stage.contextOf().store.read, {});
    expect(second).toMatchObject({ status: 'Complete', outcomes: { REVERSED: 1, ALREADY_REVERSED: 1 } });
  });

  test('nothing that comes back is a formula for a spreadsheet; numbers stay as they are', async () => {
    const relay = await startRelay();
    const stage = await makeReplyStage(await open(), { port: relay.port, reply: 'result' });
    const formula = '=HYPERLINK(0)';
    await stage.mail(
      mailWith(['a.csv', `OrderId,ActionTrackerId,Amount,Reason,${formula}\n${formula},4521,-5.00,@x,+1x\n`]),
    );
    await stage.send();
    for (const text of Object.values(attachments(await parse(relay.mails[0] ?? '')))) {
      const [header = '', line = ''] = text.split('\r\n');
      expect(header).toContain(`Reason,'${formula},line`);
      expect(line).toMatch(`'${formula},4521,-5.00,'@x,'+1x,2,`);
    }
  });

  test('with `result` the result file comes along; a mail without error has nothing attached for `summary`', async () => {
    const relay = await startRelay();
    const stage = await makeReplyStage(await open(), { port: relay.port, reply: 'result' });
    await stage.mail(
      mailWith(
        ['returns.csv', returns],
        ['more.csv', 'OrderId,ActionTrackerId,Amount,Reason\nB,4521,0,ITEM_RETURNED\n'],
      ),
    );
    await stage.send();
    expect(relay.mails).toHaveLength(1);
    const mail = await parse(relay.mails[0] ?? '');
    expect(Object.keys(attachments(mail)).sort()).toEqual([
      'rejected_returns.csv',
      'result_more.csv',
      'result_returns.csv',
    ]);
    expect(mail.subject).toBe('2 files: 2 errors');
  });

  test('a mail without a file, a duplicate and a dry run are answered too', async () => {
    const relay = await startRelay();
    const stage = await makeReplyStage(await open(), { port: relay.port });
    await stage.mail(mailWith());
    await stage.mail(mailWith(['good.csv', 'OrderId,ActionTrackerId,Amount,Reason\nA,4521,5,ORDER_UPDATE\n']));
    await stage.mail(mailWith(['good.csv', 'OrderId,ActionTrackerId,Amount,Reason\nA,4521,5,ORDER_UPDATE\n']));
    await stage.mail(mailWith(['returns.csv', returns]), { recipients: [{ ...sale, check: true }] });
    await stage.send();
    const texts = (await Promise.all(relay.mails.map(parse))).map(({ text }) => text ?? '');
    expect(texts).toEqual([
      expect.stringContaining('no file'),
      expect.stringContaining('1 applied'),
      expect.stringContaining('received before'),
      expect.stringContaining('a dry run'),
    ]);
  });

  test('nobody who is not known, not proven or a program gets one, and it is decided once', async () => {
    const relay = await startRelay();
    const store = await open();
    const stage = await makeReplyStage(store, { port: relay.port });
    const raw = mailWith(['returns.csv', returns]);
    const ids = [
      await stage.mail(raw, { evidence: null }),
      await stage.mail(raw, { evidence: { ...evidence, proof: 'fail' } }),
      await stage.mail(raw, { evidence: { ...evidence, automatic: 'Auto-Submitted' } }),
      await stage.mail(raw, { evidence: { ...evidence, headerFrom: ['nightdrop@example.test'] } }),
      await stage.mail(raw, { recipients: [{ ...sale, refusal: 'The sender is not allowed for this address.' }] }),
    ];
    await stage.send();
    expect(relay.commands).toEqual([]);
    for (const { id } of ids)
      expect(await findReply(store.read, id, sale.recipient)).toMatchObject({
        address: null,
        withheld: expect.any(String) as string,
      });
  });

  test('nothing is answered before all files are done, nor where the event type does not answer', async () => {
    const relay = await startRelay();
    const store = await open();
    const stage = await makeReplyStage(store, { port: relay.port });
    const { id } = await stage.mail(mailWith(['returns.csv', returns]), { apply: false });
    await stage.send();
    expect(await findReply(store.read, id, sale.recipient)).toBeUndefined();
    for (const one of await findSubmissions(store.read, { status: 'Queued' })) await stage.apply(one.id);
    await stage.send({ rules: new Map([[4521, { reply: 'none', authentication: 'off', name: 'x' }]]) });
    expect(relay.commands).toEqual([]);
    await stage.send();
    expect(relay.mails).toHaveLength(1);
  });

  test('a relay that refuses is asked again after a pause, and given up after a day with a line in the log', async () => {
    const script: SmtpScript = { answers: { RCPT: '451 later' } };
    const relay = await startRelay(script);
    const clock = fixedClock(Date.now());
    const store = await open(clock);
    const stage = await makeReplyStage(store, { port: relay.port, clock });
    const { id } = await stage.mail(mailWith(['returns.csv', returns]));
    const tries = () => relay.commands.filter(({ line }) => line.startsWith('RCPT')).length;
    await stage.send();
    await stage.send();
    expect(tries()).toBe(1);
    clock.advance(61_000);
    await stage.send();
    expect(tries()).toBe(2);
    expect(await findReply(store.read, id, sale.recipient)).toMatchObject({
      attempts: 2,
      sentAt: null,
      lastError: expect.stringContaining('451') as string,
    });
    clock.advance(86_400_000);
    await stage.send();
    clock.advance(86_400_000);
    await stage.send();
    expect(tries()).toBe(3);
    expect(stage.log.at(-1)).toMatchObject({ msg: 'a reply is given up', code: 'answered' });
    expect((await findReply(store.read, id, sale.recipient))?.givenUpAt).not.toBeNull();
    expect(JSON.stringify(stage.log)).not.toContain('reports@brand.example');
  });

  test('who claims first sends; whoever was killed after that leaves it to the next', async () => {
    const relay = await startRelay();
    const clock = fixedClock(Date.now());
    const store = await open(clock);
    const stage = await makeReplyStage(store, { port: relay.port, clock });
    await stage.mail(mailWith(['returns.csv', returns]));
    await Promise.all([stage.send(), stage.send(), stage.send()]);
    expect(relay.mails).toHaveLength(1);
  });

  test('a claim that is not finished is taken over when it is over', async () => {
    const relay = await startRelay({ answers: { GREETING: '421 not now' } });
    const store = await open();
    const stage = await makeReplyStage(store, { port: relay.port });
    await stage.mail(mailWith(['returns.csv', returns]));
    await stage.send();
    await store.write(({ knex }) => knex('replies').update({ next_try_at: 0, last_error: null }));
    const [due] = await repliesDue(store.read, systemClock.now(), 10);
    if (!due) throw new Error('nothing is due');
    const readBefore = { ...due, claim: due.claim - 1 }; // by a process that did not see the failed try
    expect(await claimReply(store, readBefore)).toBeUndefined();
    expect(await claimReply(store, due)).toMatchObject({ claim: due.claim + 1 });
    expect(await claimReply(store, due)).toBeUndefined();
    const [again] = await repliesDue(store.read, systemClock.now(), 10);
    expect(again && (await claimReply(store, again))).toBeUndefined();
    await store.write(({ knex }) => knex('replies').update({ claimed_until: 1 }));
    const well = await startRelay();
    const { relay: wrong } = stage.contextOf().replying;
    await stage.send({ relay: { ...wrong, port: well.port } });
    expect(well.mails).toHaveLength(1);
  });

  test('sixty answers an hour to one address are the most', async () => {
    const relay = await startRelay();
    const store = await open();
    const stage = await makeReplyStage(store, { port: relay.port });
    const { id } = await stage.mail(mailWith());
    const plan = { kind: 'summary', who: { to: 'reports@brand.example' }, now: systemClock.now() } as const;
    for (let count = 0; count < 63; count++)
      await planReply(store, { messageId: id, recipient: `${count}@submit.example.test` }, plan);
    await planReply(
      store,
      { messageId: id, recipient: 'x@submit.example.test' },
      { ...plan, who: { to: 'b@brand.example' } },
    );
    await planReply(
      store,
      { messageId: id, recipient: 'y@submit.example.test' },
      { ...plan, now: plan.now + 3_601_000 },
    );
    const planned = await store.read('replies').whereNotNull('address').count({ n: '*' }).first();
    expect(Number((planned as { n: unknown }).n)).toBe(62);
    const withheld = await store.read('replies').whereNotNull('withheld').count({ n: '*' }).first();
    expect(Number((withheld as { n: unknown }).n)).toBe(3);
  });
});
