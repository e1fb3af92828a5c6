import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findAddress, freshLocal, makeAddressBook } from '../../../src/inbound/mail/addresses.ts';
import { makeHourlyRate } from '../../../src/inbound/mail/limits.ts';
import { makeLoneDotWatch } from '../../../src/inbound/mail/lone-dot.ts';
import { messageIdOf } from '../../../src/inbound/mail/message-id.ts';
import { makeLineLimit } from '../../../src/inbound/mail/refusals.ts';
import type { Refusal } from '../../../src/inbound/mail/refused-mail.ts';
import { makeSparingLog } from '../../../src/inbound/mail/sparing-log.ts';
import { makeTogether } from '../../../src/store/together.ts';
import { fixedClock } from '../../../src/clock.ts';
import { makeLog } from '../../../src/log.ts';
import { seed } from '../../flow/random.ts';

const hour = 3_600_000;

describe('an address', () => {
  const book = makeAddressBook('Bücher.example', [
    {
      eventTypeId: 1,
      timezone: 'Pacific/Auckland',
      addresses: [{ local: 'Sale' }, { local: 'old', until: '2026-12-31' }],
    },
  ]);
  const at = Date.parse('2026-12-31T10:59:59.999Z'); // the last millisecond of the year in Auckland
  test.each([
    ['sale@bücher.example', { kind: 'found', eventTypeId: 1, check: false }],
    ['SALE+Check@XN--BCHER-KVA.example', { kind: 'found', eventTypeId: 1, check: true }],
    ['old@bücher.example', { kind: 'found', eventTypeId: 1, check: false }],
    ['sale+other@bücher.example', { kind: 'unknown' }],
    ['+check@bücher.example', { kind: 'unknown' }],
    ['a@b@bücher.example', { kind: 'unknown' }],
    ['sale@other.example', { kind: 'elsewhere' }],
    ['postmaster', { kind: 'elsewhere' }],
    ['', { kind: 'elsewhere' }],
  ])('%s', (address, expected) => expect(findAddress(book, address, at)).toEqual(expected));
  test('ends with its day', () => expect(findAddress(book, 'old@bücher.example', at + 1)).toEqual({ kind: 'ended' }));
  test('a fresh one says what it is for, and cannot be guessed', () => {
    expect(freshLocal('Online_Sale ', new Uint8Array(16).fill(255))).toBe('online-sale-zzzzzzzzzzzzzzzz');
    expect(freshLocal('', new Uint8Array(16))).toBe('0000000000000000');
  });
});

describe('a rate', () => {
  test('lets so many through in an hour, and forgets little by little', () => {
    const rate = makeHourlyRate();
    for (let n = 0; n < 10; n++) rate.count('a', 10 * hour);
    expect([rate.allows('a', 10, 10 * hour), rate.allows('b', 10, 10 * hour)]).toEqual([false, true]);
    expect([rate.allows('a', 10, 11 * hour), rate.allows('a', 10, 11 * hour + 1)]).toEqual([false, true]);
    expect([rate.allows('a', 5, 11.4 * hour), rate.allows('a', 5, 11.6 * hour)]).toEqual([false, true]);
    expect(rate.allows('a', 1, 12 * hour)).toBe(true);
  });
  test('holds no more keys than it may', () => {
    const rate = makeHourlyRate(2);
    for (const key of ['a', 'b', 'c']) rate.count(key, 0);
    expect(['a', 'b', 'c'].map((key) => rate.allows(key, 1, 0))).toEqual([false, false, true]);
  });
});

describe('a dot that others could take for the end', () => {
  const sees = (text: string, sizes: readonly number[]): boolean => {
    const watch = makeLoneDotWatch();
    let [seen, at] = [false, 0];
    for (let turn = 0; at < text.length; turn++) {
      const size = sizes[turn % sizes.length] ?? 1;
      seen = watch(Buffer.from(text.slice(at, at + size), 'latin1'));
      at += size;
    }
    return seen;
  };
  const forged = ['\n.\n', '\n.\r\n', '\r\n.\n', '\r.\r', '\r.\r\n', '\r\n.\r'];
  test.each(forged)('%j', (end) => {
    for (const sizes of [[1], [2], [3], [5, 1], [1000]]) {
      expect(sees(`a${end}MAIL FROM:<x@y.example>\r\n`, sizes)).toBe(true);
      expect(sees(`a line\r\nanother${end}b`, sizes)).toBe(true);
    }
  });
  test.each(['a\n.b\n', 'a\n..\n', 'a\n. \n', 'a\r\n.\r\nb\r\n', '.\r\n', 'a.\r\n', 'a\nb\nc', ''])(
    'but not %j',
    (text) => {
      for (const sizes of [[1], [2], [3], [1000]]) expect(sees(text, sizes)).toBe(false);
    },
  );
  test('is seen the same however the bytes come in pieces', () => {
    const model = (text: string): boolean =>
      [...text.matchAll(/(?<=[\r\n])\.(?=[\r\n])/g)].some(({ index }) => {
        const before = text.slice(Math.max(0, index - 2), index);
        return !(before === '\r\n' && text.slice(index + 1, index + 3) === '\r\n');
      });
    const text = fc
      .string({ unit: fc.constantFrom('\r', '\n', '.', 'a'), maxLength: 40 })
      .map((some) => `x${some}yyyy`);
    const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(text, sizes, (some, pieces) => void expect(sees(some, pieces)).toBe(model(some))),
      { seed, numRuns: 500 },
    );
  });
});

describe('the Message-ID', () => {
  test.each([
    ['Subject: x\r\nMessage-ID: <a@b>\r\n\r\nMessage-ID: <c@d>\r\n', '<a@b>'],
    ['MESSAGE-id:\r\n <folded@b>\r\n\r\n', '<folded@b>'],
    ['Subject: x\n\nMessage-ID: <c@d>\n', null],
    ['X-Message-ID: <c@d>\r\n\r\n', null],
    [`Message-ID: <${'x'.repeat(2000)}>\r\n\r\n`, null],
    ['', null],
  ])('%j', (head, expected) => expect(messageIdOf(Buffer.from(head))).toBe(expected));
});

test('refusals make a bounded number of lines, and the newest hour begins anew', () => {
  const limit = makeLineLimit({ perPeer: 2, inAll: 3 });
  const refusal = (peer: string, recipient: string): Refusal => ({
    ...{ peer, helo: 'h', envelopeFrom: 'f', recipient, reason: 'r', code: 550 },
  });
  const lineOf = (peer: string, recipient: string, at = 0) => limit(refusal(peer, recipient), at);
  expect([lineOf('a', '1'), lineOf('a', '2')].map(({ recipient }) => recipient)).toEqual(['1', '2']);
  expect(lineOf('a', '3')).toMatchObject({ peer: 'a', recipient: null, envelopeFrom: null });
  expect(lineOf('a', '1')).toMatchObject({ recipient: '1' }); // a line that is there already
  expect(lineOf('b', '1')).toMatchObject({ peer: 'b', recipient: '1' });
  expect(lineOf('c', '1')).toMatchObject({ peer: 'others', recipient: null });
  expect(lineOf('c', '1', hour)).toMatchObject({ peer: 'c', recipient: '1' });
});

test('what is said often is said rarely, with its number', () => {
  const lines: { msg: string; times?: number }[] = [];
  const write = (line: string) => void lines.push(JSON.parse(line) as { msg: string });
  const clock = fixedClock(0);
  const log = makeSparingLog(makeLog('info', { write }), clock);
  for (let n = 0; n < 100; n++) log.say('info', 'no', { code: n });
  expect(lines).toMatchObject([{ msg: 'no', code: 0 }]);
  clock.advance(60_000);
  log.say('info', 'no');
  expect(lines[1]).toMatchObject({ msg: 'no', times: 100 });
  log.say('info', 'no');
  log.close();
  expect(lines.slice(2)).toMatchObject([{ msg: 'no', times: 1 }]);
});

describe('work that is joined', () => {
  test('runs what came meanwhile together, in order, at most so many', async () => {
    const runs: number[][] = [];
    const gates: (() => void)[] = [];
    const ask = makeTogether(3, async (items: readonly number[]) => {
      runs.push([...items]);
      await new Promise<void>((resolve) => gates.push(resolve));
      return items.map((item) => item * 10);
    });
    const answers = Promise.all([1, 2, 3, 4, 5].map((item) => ask(item)));
    while (runs.length < 3) {
      gates.shift()?.();
      await new Promise(setImmediate);
    }
    gates.shift()?.();
    expect(await answers).toEqual([10, 20, 30, 40, 50]);
    expect(runs).toEqual([[1], [2, 3, 4], [5]]);
  });
  test('a failure is that of its own items only', async () => {
    const ask = makeTogether(1, (items: readonly number[]) =>
      items[0] === 2 ? Promise.reject(new Error('two')) : Promise.resolve(items),
    );
    const [one, two, three] = await Promise.allSettled([ask(1), ask(2), ask(3)]);
    expect([one.status, two.status, three.status]).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });
});
