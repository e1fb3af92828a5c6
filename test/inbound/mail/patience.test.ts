import { expect, test } from 'vitest';
import { allowedMs, usualPatience } from '../../../src/inbound/mail/patience.ts';
import { until } from '../../until.ts';
import { freshStore, listening } from './listening.ts';
import { connectClient, connectRaw, mailWith, sendOver } from './smtp-client.ts';

const sale = 'sale-7f3k@submit.example.test';
const csv = 'OrderId,ActionTrackerId,Amount,Reason\nA,4521,1.00,OTHER\n';
const minute = 60_000;

test('time is earned by bytes and mails, and an hour is the most', () => {
  const allowed = (bytes: number, mails: number): number => allowedMs(usualPatience, { bytes, mails }) / minute;
  expect(allowed(0, 0)).toBe(5);
  expect(allowed(0, 3)).toBe(8);
  expect(allowed(8192 * 60, 0)).toBe(6);
  expect(allowed(25 * 1024 ** 2, 0)).toBeLessThan(60);
  expect(allowed(1e12, 0)).toBe(60);
  expect(allowed(0, 1000)).toBe(60);
});

/** A listener whose time goes on only when the test says so. */
const stageWithTime = async () => {
  let now = 0;
  const patience = { startMs: 1000, perMailMs: 1000, bytesPerSecond: 100, mostMs: 100_000 };
  const timing = { patience, lookMs: 10, monotonicMs: () => now };
  return { stage: await listening(await freshStore(), { timing }), passTo: (ms: number) => void (now = ms) };
};

const tooLong = /^421 4\.4\.2 the connection has been open for too long/;

test('who only keeps a place, or sends byte by byte, is told 421, and nothing is kept; who brought a mail may stay', async () => {
  const { stage, passTo } = await stageWithTime();
  const silent = await connectRaw(stage.port);
  expect(await silent.reply()).toMatch(/^220 /);
  const busybody = await connectClient(stage.port);
  expect(await busybody.say('NOOP')).toMatch(/^250 /);
  const slow = await connectClient(stage.port);
  await slow.say('MAIL FROM:<reports@brand.example>');
  await slow.say(`RCPT TO:<${sale}>`);
  expect(await slow.say('DATA')).toMatch(/^354 /);
  slow.write('Subject: ');
  const good = await connectClient(stage.port);
  expect(await sendOver(good, [sale], mailWith(csv))).toMatch(/^250 /);
  passTo(1500);
  for (const one of [silent, busybody, slow]) {
    expect(await one.reply()).toMatch(tooLong);
    expect(await one.reply()).toBe('closed');
  }
  expect(await good.say('NOOP')).toMatch(/^250 /);
  expect(await sendOver(good, [sale], mailWith(csv))).toMatch(/^250 /);
  expect(await stage.messages()).toHaveLength(2);
  // The mail that was under way is on the list of refused mail, and nothing of it is in the spool.
  const lines = await until(async () => {
    const found = await stage.refused();
    return found.length > 0 && found;
  }, 'a line of the slow mail');
  for (const line of lines) expect(line).toMatchObject({ envelopeFrom: 'reports@brand.example' });
  expect(stage.files()).toHaveLength(2);
  passTo(100_001);
  expect(await good.reply()).toMatch(tooLong);
});

test('bytes that come at the asked rate earn the time that they take', async () => {
  const { stage, passTo } = await stageWithTime();
  const client = await connectClient(stage.port);
  await client.say('MAIL FROM:<reports@brand.example>');
  await client.say(`RCPT TO:<${sale}>`);
  await client.say('DATA');
  // So much that it goes into a draft, by which the test sees that it was read.
  client.write(`From: <reports@brand.example>\r\n\r\n${`${'x'.repeat(70)}\r\n`.repeat(10_000)}`);
  await until(() => stage.files().length === 1, 'its bytes are read');
  const idle = await connectClient(stage.port);
  passTo(2000);
  // Both were looked at in the same round: one is sent away, the other goes on.
  expect(await idle.reply()).toMatch(tooLong);
  expect(await client.say('\r\n.')).toMatch(/^250 /);
  client.end();
});
