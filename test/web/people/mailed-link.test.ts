import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { expect, onTestFinished, test } from 'vitest';
import { putPerson } from '../../../src/web/people/people.ts';
import { describeStores } from '../../stores.ts';
import { openPlace } from '../place.ts';

const ops = { role: 'ops' } as const;

/** A mail server that keeps what it gets. */
const startRelay = async () => {
  const mails: { to: string[]; text: string }[] = [];
  const server = new SMTPServer({
    authOptional: true,
    hideSTARTTLS: true,
    onData: (stream, session, done) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const to = session.envelope.rcptTo.map(({ address }) => address);
        mails.push({ to, text: Buffer.concat(chunks).toString('utf8').replaceAll('=\r\n', '').replaceAll('=3D', '=') });
        done();
      });
    },
  });
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  const { port } = server.server.address() as AddressInfo;
  return { mails, relay: { host: '127.0.0.1', port, from: 'nightdrop@drop.example' } };
};

describeStores('a link by mail', (open) => {
  test('goes to the person it is for, leads to web.url whatever the request says, and signs in', async () => {
    const { mails, relay } = await startRelay();
    const url = 'https://drop.example';
    const place = await openPlace(await open(), { relay, url });
    await putPerson(place.store, 'kim@brand.example', ops, 1);
    await putPerson(place.store, 'printed-only', ops, 1);
    const ask = (name: string) =>
      place.ask('/sign-in', {
        ...{ method: 'POST', headers: { Origin: url, Host: 'evil.example', 'X-Forwarded-Host': 'evil.example' } },
        body: new URLSearchParams({ name }),
      });
    for (const name of ['nobody@brand.example', 'printed-only', ' KIM@brand.example '])
      expect((await ask(name)).status).toBe(200);
    await expect.poll(() => mails.length, { timeout: 30_000 }).toBe(1);
    expect(mails[0]?.to).toEqual(['kim@brand.example']);
    const [, proof] = /https:\/\/drop\.example\/sign-in\/(\S+)/.exec(mails[0]?.text ?? '') ?? [];
    expect(mails[0]?.text).not.toContain('evil.example');
    const redeemed = await place.redeem(proof ?? '', { Origin: url });
    expect(redeemed.status).toBe(303);
  });

  test('is not sent where no address is configured: the page says how else', async () => {
    const { mails, relay } = await startRelay();
    const place = await openPlace(await open(), { relay });
    await putPerson(place.store, 'kim@brand.example', ops, 1);
    expect((await place.ask('/sign-in')).text).toContain('npx nightdrop sign-in NAME');
    expect((await place.ask('/sign-in')).text).not.toContain('<form');
    const body = new URLSearchParams({ name: 'kim@brand.example' });
    await place.ask('/sign-in', { method: 'POST', headers: { Origin: place.base }, body });
    expect(await place.store.read('sign_in_links')).toEqual([]);
    expect(mails).toEqual([]);
  });
});
