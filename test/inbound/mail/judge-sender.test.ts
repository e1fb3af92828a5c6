import { Readable } from 'node:stream';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { judgeSender } from '../../../src/inbound/mail/judge-sender.ts';
import type { MailToJudge, SenderRule } from '../../../src/inbound/mail/judgement.ts';
import { openResolver, type Resolver } from '../../../src/inbound/mail/resolver.ts';
import { type DnsServer, startDns } from '../../servers/dns.ts';
import { mailOf, rawMail, signed, signingKey } from './signed.ts';

const key = signingKey();
const strangeKey = signingKey();
const from = 'From: Reports <reports@brand.example>';
const plain = rawMail(from);

let dns: DnsServer;
beforeEach(async () => {
  dns = await startDns({
    'brand.example': { TXT: ['v=spf1 ip4:192.0.2.0/24 -all'] },
    's1._domainkey.brand.example': { TXT: [key.record] },
    'evil.example': { TXT: ['v=spf1 +all'] },
    's1._domainkey.evil.example': { TXT: [strangeKey.record] },
  });
});
afterEach(() => dns.close());

const ruled = (authentication: SenderRule['authentication'], ...senders: string[]): Map<number, SenderRule> =>
  new Map([[4521, { senders: senders.length > 0 ? senders : ['*@brand.example'], authentication }]]);

const judge = (mail: MailToJudge, rules = ruled('require'), resolver: Resolver = openResolver([dns.address])) =>
  judgeSender(mail, rules, { resolver, deadlines: { require: 60_000, record: 60_000 } });

const outside = { peer: '198.51.100.9', helo: 'mx.evil.example' };
const refusalOf = async (mail: MailToJudge, rules = ruled('require')) => {
  const { refusals, evidence } = await judge(mail, rules);
  return { refusal: refusals.get('sale@submit.example.test'), evidence };
};

describe('what counts as proof', () => {
  test('SPF for the domain of the From header', async () => {
    const { refusal, evidence } = await refusalOf(mailOf(plain));
    expect(refusal).toBeUndefined();
    expect(evidence).toMatchObject({ headerFrom: ['reports@brand.example'], proof: 'pass', spf: 'pass', dkim: 'none' });
    expect(evidence.reasons[0]).toMatch(/^SPF: pass for brand\.example/);
  });

  test.each(['relaxed/relaxed', 'simple/simple'])(
    'a signature of that domain (%s), wherever it comes from',
    async (canonicalization) => {
      const raw = await signed(plain, { domain: 'brand.example', key, canonicalization });
      const { refusal, evidence } = await refusalOf(mailOf(raw, outside));
      expect(refusal).toBeUndefined();
      expect(evidence).toMatchObject({ proof: 'pass', spf: 'fail', dkim: 'pass', dmarc: 'none' });
    },
  );

  test('a key that comes over TCP, as it is too long for UDP', async () => {
    dns.zone['s1._domainkey.brand.example'] = { TXT: [`${key.record}; n=${'x'.repeat(400)}`] };
    const raw = await signed(plain, { domain: 'brand.example', key });
    expect((await refusalOf(mailOf(raw, outside))).refusal).toBeUndefined();
    expect(dns.questions).toContain('TCP TXT s1._domainkey.brand.example');
  });

  test('one good signature among bad ones', async () => {
    const good = await signed(plain, { domain: 'brand.example', key });
    const raw = await signed(good, { domain: 'brand.example', key: strangeKey });
    expect((await refusalOf(mailOf(raw, outside))).refusal).toBeUndefined();
  });
});

describe('what is none', () => {
  const shows = async (raw: string, changes: Partial<MailToJudge> = outside) => {
    const { refusal, evidence } = await refusalOf(mailOf(raw, changes));
    expect(refusal).toMatch(/does not prove that it comes from brand\.example/);
    expect(evidence.proof).toBe('fail');
    return { refusal, evidence };
  };

  test('nothing at all', async () => {
    expect((await shows(plain)).evidence).toMatchObject({ spf: 'fail', dkim: 'none', dmarc: 'none' });
  });

  test('a pass of another domain, by SPF and by DKIM', async () => {
    const raw = await signed(plain, { domain: 'evil.example', key: strangeKey });
    const rules = ruled('require', '*@brand.example', '*@evil.example');
    const { refusal, evidence } = await refusalOf(mailOf(raw, { ...outside, envelopeFrom: 'x@evil.example' }), rules);
    expect(evidence).toMatchObject({ proof: 'fail', spf: 'pass', dkim: 'pass' });
    expect(refusal).toMatch(/SPF: pass for evil\.example.*DKIM: pass for evil\.example/);
  });

  test('what other servers are said to have found', async () => {
    const claim =
      'Authentication-Results: mx.submit.example.test; spf=pass; dkim=pass header.d=brand.example; dmarc=pass';
    await shows(rawMail(claim, 'Received-SPF: pass', 'ARC-Authentication-Results: i=1; x; dmarc=pass', from));
  });

  test('a signature with l=, behind which anything can be added; with the whole body too', async () => {
    const raw = await signed(plain, { domain: 'brand.example', key, maxBodyLength: 20 });
    const { evidence } = await shows(raw + '1000.4636.158134,0,ITEM_RETURNED\r\n');
    expect(evidence).toMatchObject({ dkim: 'policy' });
    expect(evidence.reasons.join()).toMatch(/l= leaves a part of the mail unsigned/);
    await shows(await signed(plain, { domain: 'brand.example', key, maxBodyLength: 10_000 }));
  });

  test.each(['Content-Type', 'Content-Transfer-Encoding', 'Content-Disposition'])(
    'a signed mail with one more %s, by which the same bytes become other files',
    async (name) => {
      const once = rawMail(from, ...(name === 'Content-Type' ? [] : [`${name}: 7bit`]));
      const raw = await signed(once, { domain: 'brand.example', key });
      expect((await refusalOf(mailOf(raw, outside))).refusal).toBeUndefined();
      const { evidence } = await shows(`${name}: base64\r\n${raw}`);
      expect(evidence.dkim).toBe('policy');
      expect(evidence.reasons.join()).toMatch(/several content-[a-z-]+ fields/);
    },
  );

  test('a signature over another body, another From, or one that has expired', async () => {
    const raw = await signed(plain, { domain: 'brand.example', key });
    await shows(raw.replace(',0,', ',1,'));
    await shows(raw.replace('Reports <', 'Finance <'));
    const expires = new Date(Date.now() - 1000);
    await shows(await signed(plain, { domain: 'brand.example', key, expires }));
  });

  test('a key that is not published, revoked, too short, or under test', async () => {
    const raw = await signed(plain, { domain: 'brand.example', key });
    const records = ['v=DKIM1; p=', `${key.record}; t=y`, 'v=DKIM1; k=rsa; p=AAAA', ''];
    for (const record of records) {
      dns.zone['s1._domainkey.brand.example'] = record === '' ? {} : { TXT: [record] };
      await shows(raw);
    }
    delete dns.zone['s1._domainkey.brand.example'];
    await shows(raw);
    const short = signingKey(512);
    dns.zone['s1._domainkey.brand.example'] = { TXT: [short.record] };
    await shows(await signed(plain, { domain: 'brand.example', key: short }));
  });

  test('SPF that is wrong, missing, neutral or soft', async () => {
    for (const TXT of [
      ['v=spf1 nonsense:x -all'],
      ['v=spf1 -all', 'v=spf1 +all'],
      [],
      ['v=spf1 ?all'],
      ['v=spf1 ~all'],
    ]) {
      dns.zone['brand.example'] = { TXT };
      await shows(plain);
    }
    dns.zone['brand.example'] = { TXT: ['v=spf1 include:a.brand.example -all'] };
    dns.zone['a.brand.example'] = { TXT: ['v=spf1 include:brand.example -all'] };
    expect((await shows(plain)).evidence.spf).toBe('permerror');
  });

  test.each([
    ['a signature with', 'DKIM-Signature: v=1; h=from:x', ':y'],
    ['a signature folded over', `DKIM-Signature: v=1; h=from:x${' \r\n'.repeat(200)}`, ':y'],
    ['a seal with', 'ARC-Seal: i=1; z=1', '2'],
  ])('%s a long run of spaces, over which the library takes time with its square', async (_, begin, end) => {
    const raw = await signed(plain, { domain: 'brand.example', key });
    const { evidence } = await shows(`${begin}${' '.repeat(500)}${end}\r\n${raw}`);
    expect(evidence.reasons.join()).toContain('DKIM: policy (a long run of spaces in a signature)');
  });

  test('more signatures, or longer ones and lines, than are looked at', async () => {
    const raw = await signed(plain, { domain: 'brand.example', key });
    const junk = 'DKIM-Signature: v=1; a=rsa-sha256; d=evil.example; s=x; h=from; bh=eA==; b=eA==\r\n';
    expect((await shows(junk.repeat(8) + raw)).evidence.dkim).toBe('policy');
    const long = `DKIM-Signature: v=1; a=rsa-sha256; d=evil.example; s=x; h=${'from:\r\n '.repeat(2500)}from; bh=eA==; b=eA==\r\n`;
    expect((await shows(long + raw)).evidence.dkim).toBe('policy');
    expect(dns.questions.join()).not.toContain('_domainkey');
    const longLine = await signed(`${plain}${'a '.repeat(9000)}\r\n`, { domain: 'brand.example', key });
    expect((await shows(longLine)).evidence.reasons.join()).toContain('a line of more than 16 KB');
    expect((await shows(raw.replaceAll('\r\n', '\n'))).evidence.reasons.join()).toContain('a lone LF');
  });
});

test('a large mail is verified in pieces, and others have their turn in between', async () => {
  const large = `${plain}${'1000.4636.158133,0,ITEM_RETURNED\r\n'.repeat(100_000)}`;
  const raw = Buffer.from(await signed(large, { domain: 'brand.example', key }));
  let turns = 0;
  let going = true;
  const count = (): void => void (turns++, going && setImmediate(count));
  setImmediate(count);
  expect((await refusalOf(mailOf(raw, outside))).evidence.dkim).toBe('pass');
  going = false;
  expect(turns).toBeGreaterThan(raw.length / 65_536);
});

describe('alignment by the rules of DMARC', () => {
  const child = rawMail('From: reports@mail.brand.example');
  const senders = ['*@brand.example', '*@mail.brand.example'];
  const childMail = (raw: string) => mailOf(raw, { ...outside, envelopeFrom: 'reports@mail.brand.example' });

  test('without a record a domain is aligned with itself only; a relaxed one takes the subdomain, a strict one does not', async () => {
    const raw = await signed(child, { domain: 'brand.example', key });
    expect((await refusalOf(childMail(raw), ruled('require', ...senders))).refusal).toMatch(/DMARC: none/);
    dns.zone['_dmarc.brand.example'] = { TXT: ['v=DMARC1; p=reject'] };
    const relaxed = await refusalOf(childMail(raw), ruled('require', ...senders));
    expect(relaxed.refusal).toBeUndefined();
    expect(relaxed.evidence).toMatchObject({ dmarc: 'pass', proof: 'pass' });
    dns.zone['_dmarc.brand.example'] = { TXT: ['v=DMARC1; p=reject; adkim=s'] };
    expect((await refusalOf(childMail(raw), ruled('require', ...senders))).refusal).toMatch(/policy reject/);
  });

  test('a neighbour below a domain that others share is not aligned', async () => {
    dns.zone['_dmarc.host.example'] = { TXT: ['v=DMARC1; p=reject; psd=y'] };
    dns.zone['s1._domainkey.evil.host.example'] = { TXT: [strangeKey.record] };
    const raw = await signed(rawMail('From: a@brand.host.example'), { domain: 'evil.host.example', key: strangeKey });
    const mail = mailOf(raw, { ...outside, envelopeFrom: 'a@brand.host.example' });
    expect((await refusalOf(mail, ruled('require', '*@brand.host.example'))).evidence.proof).toBe('fail');
  });

  test.each(['none', 'quarantine', 'reject'])(
    'p=%s makes no difference: require wants a pass, record takes all',
    async (p) => {
      dns.zone['_dmarc.brand.example'] = { TXT: [`v=DMARC1; p=${p}`] };
      const { refusal, evidence } = await refusalOf(mailOf(plain, outside));
      expect(refusal).toContain(`policy ${p}`);
      expect(evidence.dmarc).toBe('fail');
      const recorded = await refusalOf(mailOf(plain, outside), ruled('record'));
      expect(recorded.refusal).toBeUndefined();
      expect(recorded.evidence).toMatchObject({ proof: 'fail', dmarc: 'fail' });
    },
  );

  test.each(['v=DMARC1; p=nonsense', 'v=DMARC1; p=reject; p=none', 'v=DMARC2; p=none'])(
    'a wrong record, %s, is as good as none',
    async (TXT) => {
      dns.zone['_dmarc.brand.example'] = { TXT: [TXT] };
      expect((await refusalOf(mailOf(plain, outside))).evidence).toMatchObject({ proof: 'fail', dmarc: 'none' });
      expect((await refusalOf(mailOf(plain))).evidence).toMatchObject({ proof: 'pass' });
    },
  );
});

describe('when name servers fail', () => {
  const fails = (mail: MailToJudge, resolver?: Resolver) =>
    expect(judge(mail, ruled('require'), resolver)).rejects.toMatchObject({ next: 'retry', code: 'dns-temporary' });

  test('a mail that needs their answer comes again: SPF, key, DMARC', async () => {
    dns.zone['brand.example'] = { trouble: 'SERVFAIL' };
    await fails(mailOf(plain));
    dns.zone['brand.example'] = { TXT: ['v=spf1 -all'] };
    dns.zone['s1._domainkey.brand.example'] = { trouble: 'REFUSED' };
    await fails(mailOf(await signed(plain, { domain: 'brand.example', key })));
    dns.zone['_dmarc.brand.example'] = { trouble: 'SERVFAIL' };
    await fails(mailOf(await signed(plain, { domain: 'evil.example', key: strangeKey })));
  });

  test('silence is an answer when the deadline has passed, and nobody is asked after it', async () => {
    dns.zone['brand.example'] = { trouble: 'silence' };
    dns.zone['_dmarc.brand.example'] = { trouble: 'silence' };
    let asked = 0;
    const resolver: Resolver = (name, type) => (asked++, openResolver([dns.address])(name, type));
    const options = { resolver, deadlines: { require: 50, record: 50 } };
    await expect(judgeSender(mailOf(plain), ruled('require'), options)).rejects.toMatchObject({
      code: 'dns-temporary',
    });
    const before = asked;
    const { evidence, refusals } = await judgeSender(mailOf(plain), ruled('record'), options);
    expect(refusals.size).toBe(0);
    expect(evidence).toMatchObject({ proof: 'unknown', spf: 'temperror', dmarc: 'temperror' });
    expect(asked - before).toBeLessThanOrEqual(2);
  });

  test('it makes no difference where something else is proof', async () => {
    dns.zone['brand.example'] = { trouble: 'SERVFAIL' };
    dns.zone['_dmarc.brand.example'] = { trouble: 'SERVFAIL' };
    const raw = await signed(plain, { domain: 'brand.example', key });
    expect((await refusalOf(mailOf(raw))).evidence).toMatchObject({
      proof: 'pass',
      spf: 'temperror',
      dmarc: 'temperror',
    });
  });

  test('a domain that does not exist is no trouble but a no', async () => {
    delete dns.zone['brand.example'];
    delete dns.zone['s1._domainkey.brand.example'];
    expect((await refusalOf(mailOf(plain))).evidence).toMatchObject({ proof: 'fail', spf: 'none' });
  });
});

describe('who may send', () => {
  test('decides before any name server is asked, and with `off` none is', async () => {
    const rules = ruled('require', 'other@brand.example');
    const stranger = await refusalOf(mailOf(plain), rules);
    expect(stranger.refusal).toBe('The sender is not allowed for this address.');
    expect(stranger.evidence).toMatchObject({ proof: null, spf: null, dkim: null, dmarc: null });
    const off = await refusalOf(mailOf(await signed(plain, { domain: 'brand.example', key })), ruled('off'));
    expect(off).toMatchObject({ refusal: undefined, evidence: { proof: null, spf: null } });
    expect(dns.questions).toEqual([]);
  });

  test.each([
    ['two From headers', rawMail(from, from)],
    ['two From headers, one of them folded before its colon', rawMail(from, 'From : reports@brand.example')],
    ['a From with two addresses', rawMail('From: reports@brand.example, thief@evil.example')],
    ['an address beside the brackets', rawMail('From: reports@brand.example <thief@evil.example>')],
    ['no From', rawMail()],
    ['a line that is no header', `garbage\r\n${plain}`],
  ])('%s: refused for everyone, whatever the signature', async (_, raw) => {
    const whole = /^From/im.test(raw) ? await signed(raw, { domain: 'brand.example', key }) : raw;
    const { refusal, evidence } = await refusalOf(mailOf(whole), ruled('off', '*@brand.example', '*@evil.example'));
    expect(refusal).toMatch(/^The sender cannot be told: /);
    expect(evidence.headerFrom).toEqual([]);
  });

  test('a name that looks like an allowed address is not one', async () => {
    const raw = rawMail('From: "reports@brand.example" <thief@evil.example>');
    const { refusal, evidence } = await refusalOf(mailOf(raw), ruled('off'));
    expect(refusal).toMatch(/From header is not allowed/);
    expect(evidence.headerFrom).toEqual(['thief@evil.example']);
  });

  test('the null sender, a subdomain and an unknown event type are refused', async () => {
    expect((await refusalOf(mailOf(plain, { envelopeFrom: null }))).refusal).toMatch(/no envelope sender/);
    const below = rawMail('From: reports@mail.brand.example');
    expect((await refusalOf(mailOf(below, { envelopeFrom: 'reports@mail.brand.example' }))).refusal).toMatch(
      /not allowed/,
    );
    expect((await refusalOf(mailOf(plain), new Map())).refusal).toMatch(/Nobody may send/);
  });

  test('each recipient has a rule of its own', async () => {
    const recipients = [
      { recipient: 'off@submit.example.test', eventTypeId: 1 },
      { recipient: 'record@submit.example.test', eventTypeId: 2 },
      { recipient: 'require@submit.example.test', eventTypeId: 3 },
      { recipient: 'others@submit.example.test', eventTypeId: 4 },
    ];
    const senders = ['*@brand.example'];
    const rules = new Map<number, SenderRule>([
      [1, { senders, authentication: 'off' }],
      [2, { senders, authentication: 'record' }],
      [3, { senders, authentication: 'require' }],
      [4, { senders: ['a@other.example'], authentication: 'off' }],
    ]);
    const { refusals } = await judge(mailOf(plain, { ...outside, recipients }), rules);
    expect([...refusals.keys()].sort()).toEqual(['others@submit.example.test', 'require@submit.example.test']);
  });
});

test('our own trouble with reading the mail is not the mail’s', async () => {
  const raw = await signed(plain, { domain: 'brand.example', key });
  let times = 0;
  const broken = (): Readable => {
    if (times++ === 0) return Readable.from([Buffer.from(raw)]);
    return new Readable({ read: (): void => undefined }).destroy(Object.assign(new Error('EIO'), { code: 'EIO' }));
  };
  await expect(judge(mailOf(raw, { raw: broken }), ruled('record'))).rejects.toMatchObject({ code: 'disk-failed' });
});

test('a program’s mail is judged like any other, and known as one', async () => {
  const { refusal, evidence } = await refusalOf(mailOf(rawMail(from, 'Auto-Submitted: auto-generated')));
  expect(refusal).toBeUndefined();
  expect(evidence.automatic).toBe('Auto-Submitted');
});

test('whatever stands in a mail, there is a judgement', { timeout: 120_000 }, async () => {
  const nobody: Resolver = () => Promise.reject(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }));
  const names = [
    'DKIM-Signature',
    'ARC-Seal',
    'ARC-Message-Signature',
    'From',
    'Content-Type',
    'Authentication-Results',
    'X',
  ];
  const tag = fc.constantFrom(
    'v=1',
    'a=rsa-sha256',
    'a=ed25519-sha256',
    'c=x/y',
    'd=brand.example',
    'd=..',
    's=s1',
    'h=from:from',
    'bh=e',
    'b=e',
    'l=-1',
    'i=@',
    'i=1',
    't=y',
    'x=9e99',
    'cv=pass',
    '=',
    ';;',
  );
  const value = fc.oneof(
    fc.array(tag).map((tags) => tags.join('; ')),
    fc.string({ unit: 'binary' }),
    fc.constant('a@brand.example'),
  );
  const line = fc.tuple(fc.constantFrom(...names), value).map(([name, text]) => `${name}: ${text}\r\n`);
  const message = fc.tuple(fc.array(line, { maxLength: 12 }), fc.string({ unit: 'binary' }));
  await fc.assert(
    fc.asyncProperty(message, async ([lines, body]) => {
      const raw = `From: reports@brand.example\r\n${lines.join('')}\r\n${body}`;
      const { evidence } = await judge(mailOf(raw), ruled('record'), nobody);
      return evidence.proof !== 'pass';
    }),
    { numRuns: 150 },
  );
});
