import { describe, expect, test } from 'vitest';
import type { Evidence } from '../../../src/inbound/mail/judgement.ts';
import {
  addressee,
  type Answered,
  nextTryAt,
  rejectedName,
  replyId,
  type ReplyRule,
  replySubject,
  replyText,
} from '../../../src/inbound/mail/reply.ts';

const own = { domain: 'Submit.example.test', from: 'Nightdrop@example.test' };
const proven: Evidence = {
  ...{ headerFrom: ['reports@brand.example'], proof: 'pass', spf: 'pass', dkim: 'none', dmarc: 'none' },
  ...{ automatic: null, reasons: [] },
};
const mail = (evidence: Partial<Evidence> = {}, envelopeFrom: string | null = 'bounces@brand.example') => ({
  envelopeFrom,
  evidence: { ...proven, ...evidence },
});
const rule = (authentication: ReplyRule['authentication']): ReplyRule => ({
  reply: 'summary',
  authentication,
  name: 'Sale',
});
const ask = (
  one: Parameters<typeof addressee>[0],
  authentication: ReplyRule['authentication'] = 'record',
  refusal: string | null = null,
) => addressee(one, { refusal }, rule(authentication), own);

describe('who gets an answer', () => {
  test('the address of the From header, when the mail has proved it', () => {
    for (const authentication of ['off', 'record', 'require'] as const)
      expect(ask(mail(), authentication)).toEqual({ to: 'reports@brand.example' });
  });

  test.each(['fail', 'unknown', null] as const)('without proof (%s) only where none is asked for', (proof) => {
    expect(ask(mail({ proof }), 'off')).toEqual({ to: 'reports@brand.example' });
    expect(ask(mail({ proof }), 'record')).toHaveProperty('withheld');
    expect(ask(mail({ proof }), 'require')).toHaveProperty('withheld');
  });

  test.each([
    ['a refused recipient', mail(), 'The sender is not allowed for this address.'],
    ['the null sender', mail({}, null), null],
    ['a program', mail({ automatic: 'Auto-Submitted' }), null],
    ['a list', mail({ automatic: 'List-Id' }), null],
    ['one of our addresses', mail({ headerFrom: ['sale-7f3k9q2m@submit.example.test'] }), null],
    ['our relay’s address', mail({ headerFrom: ['nightdrop@example.test'] }), null],
    ['our own envelope', mail({}, 'Nightdrop@Example.test'), null],
    ['several authors', mail({ headerFrom: ['a@brand.example', 'b@brand.example'] }), null],
    ['no author', mail({ headerFrom: [] }), null],
    ['an author that is no address', mail({ headerFrom: ['a@brand.example\r\nBcc: x@evil.example'] }), null],
    ['MAILER-DAEMON', mail({ headerFrom: ['MAILER-DAEMON@brand.example'] }), null],
    ['an address that nobody reads', mail({ headerFrom: ['no-reply@brand.example'] }), null],
    ['a mail of which nothing is known', { envelopeFrom: 'a@brand.example', evidence: null }, null],
  ])('%s gets none', (_, one, refusal) => expect(ask(one, 'off', refusal)).toHaveProperty('withheld'));
});

const file = (changes: Partial<Answered['submission']> = {}, files: Partial<Answered> = {}): Answered => ({
  submission: {
    ...{ id: 12, fileName: 'returns.csv', status: 'Complete', error: null, duplicateOf: null, check: false },
    ...{ outcomes: { REVERSED: 118, BAD_DISPOSITION: 2 }, notes: [] },
    ...changes,
  },
  ...files,
});

describe('the text', () => {
  const text = (...files: Answered[]) =>
    replyText({ receivedAt: Date.parse('2026-11-21T02:00:00Z') }, 'sale@submit.example.test', rule('record'), files);

  test('has the counts, the outcomes with their remedies, and what is attached', () => {
    expect(text(file({}, { rejected: 'rejected_returns.csv' }))).toMatchInlineSnapshot(`
      "Your mail to sale@submit.example.test (Sale), received at 2026-11-21T02:00:00.000Z:

      returns.csv, submission 12
      120 records: 118 applied, 0 unchanged, 2 errors.
            118  REVERSED: The action was reversed.
              2  BAD_DISPOSITION: The Reason is neither a standard code nor a disposition code of this event type. Use a standard code, or create the disposition code (upper and lower case count) and send the same file again.
      The rejected lines are in the attached rejected_returns.csv, each with its cause and what to do about it. Correct the values
      and send that file to the same address; the columns line, outcome, message and hint may stay.

      A program wrote this. Answers to it are not read.

      "
    `);
  });

  test('says why nothing was applied, and that nothing was changed', () => {
    expect(text(file({ status: 'Failed', error: 'The mail has no file.', outcomes: {} }))).toContain(
      'The mail has no file.',
    );
    expect(text(file({ status: 'Duplicate', duplicateOf: 7, outcomes: {} }))).toContain('(submission 7)');
    expect(text(file({ status: 'Held', outcomes: {} }))).toContain('A person will look at it');
    expect(text(file({ check: true }))).toContain('a dry run');
  });

  test('has a subject of one line, whatever the file is called', () => {
    expect(replySubject([file()])).toBe('returns.csv: 2 errors');
    expect(replySubject([file({ status: 'Failed' })])).toBe('returns.csv: failed');
    expect(replySubject([file(), file()])).toBe('2 files: 4 errors');
    expect(replySubject([file({ fileName: 'a\r\nBcc: x@evil.example' })])).not.toMatch(/[\r\n]/);
  });
});

test.each([
  ['returns.csv', 'rejected_returns.csv'],
  ['rejected_returns.csv', 'rejected_returns.csv'],
  ['RETURNS.XML', 'rejected_RETURNS.csv'],
  ['returns.csv.gz', 'rejected_returns.csv'],
  ['(no file)', 'rejected_(no file).csv'],
])('the rejected lines of %s are in %s, a name that is read when it comes back', (name, wanted) =>
  expect(rejectedName(name)).toBe(wanted),
);

test('an answer has the same id in every try and another for each recipient', () => {
  const id = replyId(7, 'a@submit.example.test', 'nightdrop@example.test');
  expect(id).toMatch(/^<reply-7-[0-9a-f]{16}@example\.test>$/);
  expect(replyId(7, 'a@submit.example.test', 'nightdrop@example.test')).toBe(id);
  expect(replyId(7, 'b@submit.example.test', 'nightdrop@example.test')).not.toBe(id);
});

test('pauses double up to an hour', () => {
  const minutes = [1, 2, 3, 4, 5, 6, 7, 8, 30].map((attempts) => nextTryAt(attempts, 0, () => 0) / 60_000);
  expect(minutes).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
  expect(nextTryAt(1, 0, () => 0.999)).toBeLessThan(75_000);
});
