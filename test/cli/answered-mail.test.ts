import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createTransport } from 'nodemailer';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { rawMail, signed, signingKey } from '../inbound/mail/signed.ts';
import { startDns } from '../servers/dns.ts';
import { smtpSinkMissing, startSmtpSink } from '../servers/smtp-sink.ts';
import { eventTypeYaml, makePlace, nightdropYaml } from './program.ts';
import { until } from '../until.ts';

beforeAll(async () => {
  const missing = await smtpSinkMissing();
  if (missing !== undefined) throw new Error(missing);
}, 700_000);

const key = signingKey();

/** The service with two orders, a name server that knows brand.example's key, and a relay. */
const makeService = async () => {
  const here = makePlace();
  onTestFinished(here.remove);
  const dns = await startDns({
    's1._domainkey.brand.example': { TXT: [key.record] },
    'brand.example': { TXT: ['v=spf1 -all'] },
  });
  onTestFinished(() => dns.close());
  const sink = await startSmtpSink();
  onTestFinished(() => sink.stop());
  const relay = `{ host: 127.0.0.1, port: ${sink.port}, from: nightdrop@in.example.test }`;
  const mail = `mail:\n  listen: '127.0.0.1:0'\n  domain: submit.example.test\n  dns: ['${dns.address}']\n  relay: ${relay}\n`;
  here.write('nightdrop.yaml', nightdropYaml(undefined, mail));
  const intake = "address: sale\nsenders: ['*@brand.example']\nauthentication: require\nreply: result\n";
  here.write('event-types/4521.yaml', `${eventTypeYaml}${intake}`);
  const columns = 'eventTypeId,partner,orderId,transactionId,eventDate,amount,payout,currency';
  const eventDate = new Date(Date.now() - 86_400_000).toISOString();
  writeFileSync(
    join(here.folder, 'ledger.csv'),
    `${columns}\n4521,acme,A,1000.4636.158133,${eventDate},100.00,10.00,USD\n`,
  );
  expect((await here.run('ledger', 'add', join(here.folder, 'ledger.csv'))).code).toBe(0);
  const serving = here.start('serve', '--json', '--only', 'mail,work');
  await until(() => serving.said.stdout.endsWith('}\n'), 'serve says that it runs', 120_000);
  const { listen } = (JSON.parse(serving.said.stdout) as { mail: { listen: string } }).mail;
  const send = (raw: string) => {
    const [host = '', port = ''] = listen.split(':');
    const envelope = { from: 'reports@brand.example', to: 'sale@submit.example.test' };
    return createTransport({ host, port: Number(port), ignoreTLS: true }).sendMail({ envelope, raw });
  };
  return { here, sink, send, serving };
};

test(
  'a mail that proves its sender is applied and answered; one that does not is refused',
  { timeout: 600_000 },
  async () => {
    const { here, sink, send, serving } = await makeService();
    const raw = rawMail('From: Reports <reports@brand.example>', 'Message-ID: <1@brand.example>');
    await expect(send(raw)).rejects.toMatchObject({ responseCode: 550 });
    expect((await send(await signed(raw, { domain: 'brand.example', key }))).response).toMatch(/^250 /);
    const answer = await until(
      () => sink.mails().find((mail) => mail.trimEnd().endsWith('--')), // the last boundary: the file is whole
      'the answer is there',
      240_000,
    );
    expect(answer).toContain('X-Mail-Args: <>');
    expect(answer).toContain('X-Rcpt-Args: <reports@brand.example>');
    expect(answer).toMatch(/^In-Reply-To: <1@brand\.example>$/m);
    expect(answer).toMatch(/^Subject: returns\.csv: 0 errors$/m);
    expect(answer).toContain('result_returns.csv');
    const shown = await until(
      async () => {
        const story = JSON.parse((await here.run('submissions', 'show', '1', '--json')).stdout) as {
          mail: { reply: unknown };
        };
        return story.mail.reply === null ? undefined : story;
      },
      'the answer is written down',
      120_000,
    );
    expect(shown).toMatchObject({
      ...{ status: 'Complete', outcomes: { REVERSED: 1 } },
      mail: {
        ...{
          recipient: 'sale@submit.example.test',
          messageId: '<1@brand.example>',
          envelopeFrom: 'reports@brand.example',
        },
        ...{
          headerFrom: ['reports@brand.example'],
          proof: 'pass',
          spf: 'fail',
          dkim: 'pass',
          dmarc: 'none',
          tls: null,
        },
      },
    });
    const { stdout } = await here.run('submissions', 'show', '1');
    expect(stdout).toContain('Sender: proven');
    expect(serving.said.stderr).not.toContain('reports@brand.example');
  },
);
