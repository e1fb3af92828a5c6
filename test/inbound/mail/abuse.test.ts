import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fixedClock } from '../../../src/clock.ts';
import { inLab, seed } from '../../flow/random.ts';
import { limits, rules } from './listener-parts.ts';
import { freshStore, type Listening, listening } from './listening.ts';
import { connectClient, connectRaw, mailWith, sendOver, type SmtpClient } from './smtp-client.ts';
import { until } from '../../until.ts';

const sale = 'sale-7f3k@submit.example.test';
const csv = 'OrderId,ActionTrackerId,Amount,Reason\nA,4521,1.00,OTHER\n';

const stillWorks = async (stage: Listening): Promise<void> => {
  const before = (await stage.messages()).length;
  const client = await connectClient(stage.port);
  expect(await sendOver(client, [sale], mailWith(csv))).toMatch(/^250 /);
  client.end();
  expect(await stage.messages()).toHaveLength(before + 1);
};

const inData = async (port: number): Promise<SmtpClient> => {
  const client = await connectClient(port);
  await client.say('MAIL FROM:<reports@brand.example>');
  await client.say(`RCPT TO:<${sale}>`);
  expect(await client.say('DATA')).toMatch(/^354 /);
  return client;
};

/** Writes, and waits when the peer is slower. */
const pour = async ({ socket }: SmtpClient, block: Buffer, times: number, each: () => void): Promise<void> => {
  for (let n = 0; n < times; n++) {
    if (!socket.write(block)) await once(socket, 'drain');
    each();
  }
};

describe('a mail in a mail', () => {
  const ends = ['\n.\n', '\n.\r\n', '\r\n.\n', '\r.\r', '\r\n.\r', '\r.\r\n'];
  test('is never taken for a second one, whatever line ends are around its dot', async () => {
    const stage = await listening(await freshStore());
    const client = await connectClient(stage.port);
    for (const end of ends) {
      const hidden = `MAIL FROM:<boss@brand.example>${end}RCPT TO:<${sale}>${end}DATA${end}forged${end}`;
      expect(await sendOver(client, [sale], `Subject: x\r\n\r\na${end}${hidden}\r\n`)).toMatch(/^550 5\.6\.0 /);
    }
    expect(await client.say('NOOP')).toMatch(/^250 /); // no answer to a hidden command was waiting
    expect(await stage.messages()).toEqual([]);
    expect(stage.files()).toEqual([]);
    // A line that ends in a bare LF alone does no harm, and dots that were doubled are single again.
    expect(await sendOver(client, [sale], 'Subject: x\n\nbare\nlines\r\n..dots\r\n..\r\n')).toMatch(/^250 /);
    client.end();
  });
});

describe('many at once', () => {
  test('200 connections with a mail each, and one that sends byte by byte', { timeout: 180_000 }, async () => {
    const stage = await listening(await freshStore());
    const slow = await inData(stage.port);
    const slowly = (async () => {
      for (const byte of Buffer.from(mailWith(csv))) {
        slow.write(Buffer.from([byte]));
        await new Promise(setImmediate);
      }
      return slow.say('.');
    })();
    const answers = await Promise.all(
      Array.from({ length: 200 }, async (_, n) => {
        const client = await connectClient(stage.port);
        const answer = await sendOver(client, [sale], mailWith(csv, { id: `<mail-${n}@brand.example>` }));
        client.end();
        return answer;
      }),
    );
    expect(answers.filter((answer) => !answer.startsWith('250 '))).toEqual([]);
    expect(await slowly).toMatch(/^250 /);
    slow.end();
    const ids = (await stage.messages()).map(({ messageId }) => messageId);
    expect(new Set(ids).size).toBe(201);
    expect(ids).toHaveLength(201);
    await until(() => stage.files().length === 201, 'no draft is left');
  });
});

describe('too much', () => {
  const megabytes = inLab ? 1024 : 200;
  test('of DATA is read, and neither held nor written', { timeout: 300_000 }, async () => {
    const stage = await listening(await freshStore());
    const client = await inData(stage.port);
    const block = Buffer.alloc(1024 ** 2, `${'x'.repeat(78)}\r\n`);
    const before = process.memoryUsage.rss();
    let [most, largest] = [0, 0];
    await pour(client, block, megabytes, () => {
      most = Math.max(most, process.memoryUsage.rss() - before);
      largest = Math.max(largest, stage.files().length);
    });
    expect(await client.say('\r\n.')).toMatch(/^552 5\.3\.4 /);
    expect(stage.files()).toEqual([]);
    expect(most).toBeLessThan(160 * 1024 ** 2);
    await stillWorks(stage);
    client.end();
  });

  test('in one command, before the greeting, or of commands at once', async () => {
    const stage = await listening(await freshStore());
    const long = await connectClient(stage.port);
    long.write('x'.repeat(5000));
    expect(await long.reply()).toMatch(/^421 /);
    const early = await connectRaw(stage.port);
    expect(await early.say('EHLO early.example')).toMatch(/^421 /);
    const many = await connectClient(stage.port);
    many.write('RSET\r\n'.repeat(5000));
    for (let n = 0; n < 5000; n++) expect(await many.reply()).toMatch(/^250 /);
    await stillWorks(stage);
    for (const one of [long, early, many]) one.end();
  });

  test('of refusals makes few lines in the log and a bounded number on the list', async () => {
    const stage = await listening(await freshStore(), { clock: fixedClock('2026-11-21T12:00:00Z') });
    for (let round = 0; round < 10; round++) {
      const client = await connectClient(stage.port);
      await client.say('MAIL FROM:<a@brand.example>');
      for (let n = 0; n < 15; n++) await client.say(`RCPT TO:<guess-${round}-${n}@submit.example.test>`);
      client.end();
    }
    expect(stage.log.length).toBeLessThan(5);
    const lines = await stage.refused();
    expect(lines).toHaveLength(101);
    expect(lines.at(-1)).toMatchObject({
      recipient: null,
      times: 50,
      reason: expect.stringContaining('more') as string,
    });
  });
});

describe('our own trouble', () => {
  test('a disk that is nearly full, a spool that is gone: come again later', async () => {
    const stage = await listening(await freshStore(), { change: { maxSize: 2 ** 52 } });
    const client = await connectClient(stage.port);
    expect(await client.say('MAIL FROM:<a@brand.example>')).toMatch(/^452 4\.3\.1 /);
    stage.useRules(rules);
    await client.say('MAIL FROM:<a@brand.example>');
    await client.say(`RCPT TO:<${sale}>`);
    await rm(stage.spool.folder, { recursive: true });
    await client.say('DATA');
    client.write(mailWith(csv));
    expect(await client.say('.')).toMatch(/^451 4\.3\.0 /);
    expect(await client.say('MAIL FROM:<a@brand.example>')).toMatch(/^451 4\.3\.0 /);
    client.end();
  });

  test('a disk that fills up while mails come in, begun when it had room', async () => {
    const stage = await listening(await freshStore());
    const client = await connectClient(stage.port);
    await client.say('MAIL FROM:<a@brand.example>');
    await client.say(`RCPT TO:<${sale}>`);
    await client.say('DATA');
    stage.useRules({ ...rules, maxSize: 2 ** 52 });
    client.write(`Subject: a\r\n\r\n${`${'x'.repeat(70)}\r\n`.repeat(20_000)}`);
    expect(await client.say('.')).toMatch(/^452 4\.3\.1 /);
    expect(stage.files()).toEqual([]);
    stage.useRules(rules);
    await stillWorks(stage);
    client.end();
  });

  test('a database that answers no more', async () => {
    const store = await freshStore();
    const stage = await listening(store);
    const client = await connectClient(stage.port);
    await store.close();
    expect(await client.say('MAIL FROM:<a@brand.example>')).toMatch(/^451 4\.3\.0 /);
    expect(await client.say('NOOP')).toMatch(/^250 /);
    client.end();
    expect(JSON.stringify(stage.log)).not.toContain('a@brand.example');
  });
});

describe('any bytes as a conversation', () => {
  const word = fc.constantFrom(
    ...['EHLO a.example', 'HELO a', 'MAIL FROM:<a@brand.example>', 'MAIL FROM:<>', 'MAIL FROM:<a@b> SIZE=99999999999'],
    ...[
      `RCPT TO:<${sale}>`,
      'RCPT TO:<x@submit.example.test>',
      'RCPT TO:<>',
      'DATA',
      'RSET',
      'NOOP',
      'QUIT',
      '.',
      '..',
    ],
    ...['AUTH LOGIN', 'STARTTLS', 'VRFY a', 'HELP', 'BDAT 5', 'a line of text', ''],
  );
  const text = fc.oneof(word, fc.string({ maxLength: 30 }), fc.string({ unit: 'binary', maxLength: 30 }));
  const piece = fc.tuple(text, fc.constantFrom('\r\n', '\r\n', '\r\n', '\n', '\r', '', '\0'));
  const conversation = fc.array(
    fc.oneof(
      { weight: 9, arbitrary: piece },
      fc.constant([`MAIL FROM:<a@brand.example>\r\nRCPT TO:<${sale}>\r\nDATA\r\nx\r\n.`, '\r\n'] as [string, string]),
    ),
    { minLength: 1, maxLength: 25 },
  );
  const talk = async (port: number, pieces: readonly [string, string][]): Promise<number> => {
    const client = await connectRaw(port);
    await client.reply();
    client.write(Buffer.from(`EHLO a.example\r\n${pieces.map((one) => one.join('')).join('')}\r\n.\r\nQUIT\r\n`));
    let accepted = 0;
    for (let reply = await client.reply(); reply !== 'closed'; reply = await client.reply())
      if (/^250 2\.0\.0 accepted/.test(reply)) accepted++;
    client.end();
    return accepted;
  };

  test('never end the listener; each mail that it says it took is there', { timeout: 300_000 }, async () => {
    const stage = await listening(await freshStore(), { change: { limits: { ...limits, idle: 2000 } } });
    let heard = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(conversation, { minLength: 20, maxLength: 20 }), async (conversations) => {
        const taken = await Promise.all(conversations.map((one) => talk(stage.port, one)));
        heard += taken.reduce((a, b) => a + b, 0);
        expect((await stage.messages()).length).toBeGreaterThanOrEqual(heard);
      }),
      { seed, numRuns: inLab ? 100 : 8, endOnFailure: true },
    );
    expect(heard).toBeGreaterThan(0);
    await stillWorks(stage);
  });
});
