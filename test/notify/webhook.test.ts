import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { type Channel, type Message, webhookChannel } from '../../src/notify/channel.ts';
import { send } from '../../src/notify/send.ts';
import { signingSecretProblem } from '../../src/notify/signature.ts';
import { Secret } from '../../src/secret.ts';
import { certificates } from '../servers/certificates.ts';
import { type Receiver, startReceiver } from './receiver.ts';

const secret = `whsec_${randomBytes(32).toString('base64')}`;

const message: Message = {
  id: 'alert-x-1-0-opened',
  type: 'alert.opened',
  at: Date.parse('2026-11-21T02:00:00Z'),
  subject: 'a subject',
  text: 'a text',
  data: { id: 1, text: 'Übergröße “quoted” 😀' },
};

let receiver: Receiver;
beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(() => receiver.close());

const channel = (signed = true): Channel =>
  webhookChannel(new Secret(receiver.url), signed ? new Secret(secret) : undefined);

const post = (to: Channel, deadlineMs?: number) =>
  send(to, message, { now: systemClock.now(), ...(deadlineMs !== undefined && { deadlineMs }) });

describe('a webhook', () => {
  test('is verified by the official package, and only with the right secret and the same body', async () => {
    expect(await post(channel())).toBe('HTTP 204');
    const [{ method, headers, body } = { method: '', headers: {}, body: '' }] = receiver.received;
    expect(method).toBe('POST');
    expect(headers['content-type']).toBe('application/json; charset=utf-8');
    const seen = headers as Record<string, string>;
    expect(new Webhook(secret).verify(body, seen)).toEqual({
      type: 'alert.opened',
      timestamp: '2026-11-21T02:00:00.000Z',
      data: message.data,
    });
    expect(seen['webhook-id']).toBe(message.id);
    const other = new Webhook(`whsec_${randomBytes(32).toString('base64')}`);
    expect(() => other.verify(body, seen)).toThrow();
    expect(() => new Webhook(secret).verify(body.replace('opened', 'ended'), seen)).toThrow();
    expect(() => new Webhook(secret).verify(body, { ...seen, 'webhook-id': 'another' })).toThrow();
  });

  test('without a secret is not signed, and still has an id and a time', async () => {
    await post(channel(false));
    const [one] = receiver.received;
    expect(one?.headers).toMatchObject({
      'webhook-id': message.id,
      'webhook-timestamp': expect.stringMatching(/^\d{10}$/),
    });
    expect(one?.headers['webhook-signature']).toBeUndefined();
  });

  test.each([200, 202, 204])('%i is a yes', async (status) => {
    receiver.answer((response) => void response.writeHead(status).end());
    expect(await post(channel())).toBe(`HTTP ${status}`);
  });

  test.each([400, 401, 404, 410, 429, 500, 503])('%i is a no, to be tried again', async (status) => {
    receiver.answer((response) => void response.writeHead(status).end('the token planted-token is wrong'));
    const failed = post(channel());
    await expect(failed).rejects.toMatchObject({
      code: 'answered',
      next: 'retry',
      reason: `it answered HTTP ${status}`,
    });
    await expect(failed).rejects.not.toThrow(/planted/);
  });

  test('a redirect is not followed', async () => {
    const elsewhere = await startReceiver();
    receiver.answer((response) => void response.writeHead(307, { location: elsewhere.url }).end());
    await expect(post(channel())).rejects.toMatchObject({ code: 'redirected' });
    expect(elsewhere.received).toEqual([]);
    await elsewhere.close();
  });

  test('one that never answers ends at the deadline', async () => {
    receiver.answer(() => undefined);
    await expect(post(channel(), 300)).rejects.toMatchObject({ code: 'late', reason: 'no answer within 0.3 s' });
  });

  test('one that accepts and says nothing at all ends at the deadline', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const url = new Secret(`http://127.0.0.1:${(silent.address() as AddressInfo).port}/`);
    await expect(post(webhookChannel(url), 300)).rejects.toMatchObject({ code: 'late' });
    silent.close();
  });

  test('an endless body after a yes holds nobody up', async () => {
    receiver.answer((response) => {
      response.writeHead(200);
      const timer = setInterval(() => response.write('x'.repeat(65_536)), 5);
      response.on('close', () => clearInterval(timer)).on('error', () => undefined);
    });
    expect(await post(channel(), 5000)).toBe('HTTP 200');
  });

  test('a port where nobody listens, and a host that is not known', async () => {
    const gone = channel();
    await receiver.close();
    await expect(post(gone)).rejects.toMatchObject({ code: 'unreachable', reason: 'the connection was refused' });
    const nowhere = webhookChannel(new Secret('https://hooks.invalid/planted-token'));
    await expect(post(nowhere)).rejects.toMatchObject({ code: 'unreachable' });
    receiver = await startReceiver();
  });

  test('a certificate that nobody vouches for is named, and nothing is said to who shows it', async () => {
    const { key, certificate } = certificates().selfSigned;
    const asked: string[] = [];
    const server = createTlsServer({ key: readFileSync(key), cert: readFileSync(certificate) }, (request, response) => {
      asked.push(request.method ?? '');
      response.end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await expect(post(webhookChannel(new Secret(`https://127.0.0.1:${port}/`)))).rejects.toMatchObject({ code: 'tls' });
    const plain = webhookChannel(new Secret(receiver.url.replace('http:', 'https:')));
    await expect(post(plain)).rejects.toMatchObject({ code: 'tls', next: 'retry' });
    expect([...asked, ...receiver.received]).toEqual([]);
    server.close();
  });

  test('nothing that is said of it holds its address', async () => {
    const to = channel();
    expect(to.name).toMatch(/^webhook 127\.0\.0\.1:\d+ [0-9a-f]{8}$/);
    expect(JSON.stringify(to)).not.toContain('planted');
    expect(webhookChannel(new Secret('https://h.example/a')).name).not.toBe(
      webhookChannel(new Secret('https://h.example/b')).name,
    );
  });
});

test.each([
  [secret, undefined],
  [`whsec_${randomBytes(24).toString('base64')}`, undefined],
  [`whsec_${randomBytes(64).toString('base64')}`, undefined],
  [randomBytes(32).toString('base64'), 'does not begin with whsec_'],
  ['whsec_not base64!', 'is not base64 after its prefix'],
  [`whsec_${randomBytes(23).toString('base64')}`, 'is a key of 23 bytes; 24 to 64 are needed'],
  [`whsec_${randomBytes(65).toString('base64')}`, 'is a key of 65 bytes; 24 to 64 are needed'],
  ['whsec_', 'is a key of 0 bytes; 24 to 64 are needed'],
])('signing secret %s', (given, problem) => expect(signingSecretProblem(given)).toBe(problem));
