import { Readable } from 'node:stream';
import { domainToASCII } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { headerLimits, parseHeader, readHeader } from '../../../src/inbound/mail/header.ts';
import {
  automaticField,
  envelopeRefusal,
  isAllowed,
  readAddress,
  readFrom,
  senderOf,
  senderRefusal,
} from '../../../src/inbound/mail/sender.ts';

const at = (text: string) => readAddress(text) ?? { local: '', domain: '' };
const field = (name: string, value: string) => ({ name, value, bytes: value.length });

describe('an address', () => {
  test.each(['a@brand.example', 'Re.Ports+x@BRAND.example', "o'neil@sub.brand.example"])('%s', (text) => {
    const [local, domain] = text.toLowerCase().split('@');
    expect(readAddress(text)).toEqual({ local, domain });
  });

  test.each([
    'a',
    'a@',
    '@brand.example',
    'a@b',
    'a@brand.example.',
    'a..b@brand.example',
    '.a@brand.example',
    '"a b"@brand.example',
    'a@[192.0.2.1]',
    'a@brand.example@evil.example',
    'a@bränd.example',
    'ä@brand.example',
    'a@-brand.example',
    'a @brand.example',
    `${'a'.repeat(65)}@brand.example`,
    `a@${'b'.repeat(64)}.example`,
    '',
  ])('%j is none', (text) => expect(readAddress(text)).toBeUndefined());
});

describe('who is allowed', () => {
  test.each([
    ['a@brand.example', 'a@brand.example', true],
    ['A@Brand.Example', 'a@BRAND.example', true],
    ['a@brand.example', 'b@brand.example', false],
    ['a@brand.example', '*@brand.example', true],
    ['a@sub.brand.example', '*@brand.example', false],
    ['a@sub.brand.example', '*@sub.brand.example', true],
    ['a@evilbrand.example', '*@brand.example', false],
    ['a@brand.example.evil.example', '*@brand.example', false],
    ['star@brand.example', 'sta*@brand.example', false],
  ])('%s with %s: %s', (address, allowed, yes) => expect(isAllowed(at(address), [allowed])).toBe(yes));

  test('envelope and header both count, and an empty list allows nobody', () => {
    const [good, bad] = [at('a@brand.example'), at('a@evil.example')];
    const senders = ['*@brand.example'];
    expect(senderRefusal({ envelope: good, from: good }, senders)).toBeUndefined();
    expect(senderRefusal({ envelope: bad, from: good }, senders)).toMatch(/envelope sender/);
    expect(senderRefusal({ envelope: good, from: bad }, senders)).toMatch(/From header/);
    expect(senderRefusal({ envelope: bad, from: bad }, senders)).toBe('The sender is not allowed for this address.');
    expect(senderRefusal({ envelope: good, from: good }, [])).toMatch(/Nobody may send/);
  });

  test('the envelope alone refuses only what no header could save', () => {
    const lists = [[], ['*@brand.example'], ['a@brand.example'], ['*@evil.example', 'b@brand.example']];
    const envelopes = [null, 'a@brand.example', 'B@Brand.example', 'x@evil.example', 'x', '"a b"@brand.example'];
    const froms = ['a@brand.example', 'b@brand.example', 'x@evil.example'].map((one) => [field('from', one)]);
    for (const senders of lists)
      for (const envelope of envelopes) {
        const whole = froms.map((fields) => senderOf(envelope, fields));
        const saved = whole.some((one) => !('trouble' in one) && senderRefusal(one, senders) === undefined);
        expect([envelope, senders, envelopeRefusal(envelope, senders) === undefined]).toEqual([
          envelope,
          senders,
          saved,
        ]);
      }
    expect(envelopeRefusal(null, ['*@brand.example'])).toMatch(/as bounces have none/);
    expect(envelopeRefusal('x@evil.example', ['*@brand.example'])).toMatch(/envelope sender \(Return-Path\)/);
    expect(envelopeRefusal('a@bränd.example', [`*@${domainToASCII('bränd.example')}`])).toBeUndefined();
  });
});

describe('the From header', () => {
  test.each([
    'reports@brand.example',
    '<reports@brand.example>',
    'Reports <reports@brand.example>',
    'Reports<Reports@brand.example>',
    '"Brand, Reports" <reports@brand.example>',
    '"a \\"b\\" <x@evil.example>" <reports@brand.example>',
    '=?utf-8?Q?Br=C3=A4nd?= <reports@brand.example>',
    'Bränd Reports <reports@brand.example>',
    'reports@brand.example (Reports)',
    'Reports (EU) <reports@brand.example> (night)',
    '"reports@brand.example" <reports@brand.example>',
    "O'Neil\tReports <reports@brand.example>",
  ])('%j is reports@brand.example', (value) =>
    expect(readFrom(value)).toEqual({ local: 'reports', domain: 'brand.example' }),
  );

  test('what stands beside the address counts for nothing', () => {
    expect(readFrom('"reports@brand.example" <thief@evil.example>')).toEqual(at('thief@evil.example'));
  });

  test.each([
    '',
    'Reports',
    'reports@brand.example <thief@evil.example>',
    'thief@evil.example <reports@brand.example>',
    'reports@brand.example, thief@evil.example',
    '<reports@brand.example> <thief@evil.example>',
    '<<reports@brand.example>>',
    'Brand, Reports <reports@brand.example>',
    'Reports: reports@brand.example;',
    '<@evil.example:reports@brand.example>',
    '"reports@brand.example',
    '"Reports" thief@evil.example <reports@brand.example>',
    'reports@brand.example (a (b) <x@evil.example>)',
    '<reports@brand.example',
    'reports@brand.example>',
    '<reports@brand.example>thief@evil.example',
    '(x@y) <reports@brand.example>',
    'reports@\tbrand.example',
    '<reports@brand.example\0>',
    `${'x'.repeat(1000)} <reports@brand.example>`,
  ])('%j is refused', (value) => expect(readFrom(value)).toBeUndefined());

  test('takes no long time, whatever is in it', () => {
    const pieces = fc.constantFrom(
      ' ',
      '\t',
      '"',
      '<',
      '>',
      '(',
      ')',
      '\\',
      '@',
      ',',
      'a',
      '\\"',
      'a@b.c',
      '=?utf-8?Q?=40?=',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 900 }), (parts) => {
        const read = readFrom(parts.join(''));
        return read === undefined || readAddress(`${read.local}@${read.domain}`) !== undefined;
      }),
    );
  });
});

describe('the sender of a mail', () => {
  const from = field('from', 'Reports <reports@brand.example>');
  test.each([
    [null, [from], 'no envelope sender'],
    ['reports', [from], 'not a plain mail address'],
    ['a@brand.example', [], 'no From header'],
    ['a@brand.example', [from, from], 'several From headers'],
    ['a@brand.example', [field('from', 'a@b.example, c@d.example')], 'not one plain mail address'],
  ])('cannot be told: %j, %j', (envelope, fields, why) =>
    expect(senderOf(envelope, fields)).toEqual({ trouble: expect.stringContaining(why) as string }),
  );

  test('Sender and Reply-To never count, and a domain in its own letters is the one of the wire', () => {
    const fields = [field('sender', 'thief@evil.example'), from, field('reply-to', 'thief@evil.example')];
    expect(senderOf('a@bücher.example', fields)).toEqual({
      envelope: { local: 'a', domain: 'xn--bcher-kva.example' },
      from: at('reports@brand.example'),
    });
  });
});

describe('a header', () => {
  test('is read folded and unfolded, in any case, up to the first empty line', () => {
    expect(parseHeader('FROM: a\r\n\tb\r\nX : y\nto:\r\n z\r\n')).toEqual({
      fields: [field('from', 'a\tb'), field('x', 'y'), field('to', 'z')].map((one) => ({
        ...one,
        bytes: expect.any(Number) as number,
      })),
    });
  });

  test.each([
    ['a line that is no field', 'From: a@b.example\r\nnonsense\r\n'],
    ['a first line that goes on', ' folded\r\nFrom: a@b.example\r\n'],
    ['a lone CR', 'From: a@b.example\rFrom: c@d.example\r\n'],
    ['a NUL', 'From: a@b.example\0\r\n'],
    ['too many lines', 'From: a@b.example\r\n' + ' x\r\n'.repeat(headerLimits.lines)],
  ])('with %s is refused', (_, text) => expect(parseHeader(text)).toHaveProperty('trouble'));

  const read = (text: string, size: number) => {
    const bytes = Buffer.from(text);
    const count = Math.ceil(bytes.length / size);
    return readHeader(
      Readable.from(Array.from({ length: count }, (_, i) => bytes.subarray(i * size, i * size + size))),
    );
  };

  test.each([1, 2, 3, 7, 1000])('ends at the same place in pieces of %d bytes', async (size) => {
    const names = async (text: string) => {
      const header = await read(text, size);
      return 'fields' in header ? header.fields.map(({ name }) => name) : header.trouble;
    };
    expect(await names('A: 1\r\nB: 2\r\n\r\nFrom: x@y.example\r\n')).toEqual(['a', 'b']);
    expect(await names('A: 1\nB: 2\n\nFrom: x@y.example\n')).toEqual(['a', 'b']);
    expect(await names('A: 1\r\nB: 2\r\n')).toEqual(['a', 'b']);
    expect(await names('A: 1\r\nB: 2')).toEqual(['a', 'b']);
    expect(await names('\r\nFrom: x@y.example\r\n')).toEqual([]);
    expect(await names('')).toEqual([]);
  });

  test('that does not end is not read on', async () => {
    let given = 0;
    const endless = function* () {
      for (;;) yield Buffer.from('X: y\r\n'.repeat(100 + 0 * given++));
    };
    expect(await readHeader(Readable.from(endless()))).toHaveProperty('trouble');
    expect(given).toBeLessThan(1000);
  });
});

describe('a mail that a program sent', () => {
  test.each([
    ['auto-submitted', 'auto-replied', 'Auto-Submitted'],
    ['auto-submitted', 'auto-generated; owner-email="a@b.example"', 'Auto-Submitted'],
    ['auto-submitted', '', 'Auto-Submitted'],
    ['precedence', 'Bulk', 'Precedence'],
    ['precedence', 'list', 'Precedence'],
    ['precedence', 'junk', 'Precedence'],
    ['list-unsubscribe', '<https://brand.example>', 'List-Id'],
    ['x-auto-response-suppress', 'All', 'x-auto-response-suppress'],
    ['precedence', 'auto_reply', 'Precedence'],
    ['content-type', 'multipart/report; report-type=disposition-notification', 'Content-Type'],
    ['content-type', 'Multipart/Report', 'Content-Type'],
  ])('%s: %s', (name, value, said) => expect(automaticField([field(name, value)])).toBe(said));

  test.each([
    ['auto-submitted', 'no'],
    ['auto-submitted', 'No (a person)'],
    ['precedence', 'first-class'],
    ['content-type', 'multipart/mixed; boundary="multipart/report"'],
    ['subject', 'Auto-Submitted: auto-replied'],
  ])('%s: %s is no sign of it', (name, value) => expect(automaticField([field(name, value)])).toBeNull());
});
