import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { SftpSpec } from '../../../src/drop/drop.ts';
import { insertRefusal } from '../../../src/inbound/mail/refused-mail.ts';
import { webhookChannel } from '../../../src/notify/channel.ts';
import { Secret } from '../../../src/secret.ts';
import type { Store } from '../../../src/store/store.ts';
import { startReceiver } from '../../notify/receiver.ts';
import { sshdMissing, startSshd } from '../../servers/sshd.ts';
import { describeStores } from '../../stores.ts';
import { openPlace } from '../place.ts';
import { setStage } from './stage.ts';

const setUp = async (store: Store) => {
  const place = await openPlace(store);
  const as = await place.token({ role: 'ops' });
  const get = (path: string) => place.ask(`/api/v1${path}`, { as });
  const post = (path: string, body: object = {}) =>
    place.ask(`/api/v1${path}`, { method: 'POST', as, body: JSON.stringify(body) });
  return { place, get, post };
};

describeStores('what the people who run the service ask for', (open) => {
  test('drops are found by partner, kind and name, and examined by the doctor, one at a time', async () => {
    const { place, get, post } = await setUp(await open());
    const list = async (query: string) =>
      (await get(`/drops?${query}`)).json<{ items: { drop: string }[] }>().items.map(({ drop }) => drop);
    expect(await list('')).toEqual(['acme-folder', 'bolt-folder']);
    expect(await list('partner=bolt')).toEqual(['bolt-folder']);
    expect(await list('kind=sftp')).toEqual([]);
    expect(await list('drop=acme-folder&kind=folder')).toEqual(['acme-folder']);
    expect((await get('/drops/acme-folder')).json()).toMatchObject({ partner: 'acme', feeds: ['acme-nightly'] });
    const missing = (await post('/drops/acme-folder/examination')).json<{ ok: boolean; steps: object[] }>();
    expect(missing.ok).toBe(false);
    expect(missing.steps).toContainEqual(expect.objectContaining({ step: 'folder', result: 'failed' }));
    await mkdir(join(place.folder, 'acme'));
    expect((await post('/drops/acme-folder/examination')).json()).toMatchObject({ drop: 'acme-folder', ok: true });
    place.ctx.underWay.add('examine acme-folder');
    expect((await post('/drops/acme-folder/examination')).json()).toMatchObject({ status: 409, code: 'busy' });
    const fingerprint = `SHA256:${'A'.repeat(43)}`;
    expect((await post('/drops/acme-folder/trusted-keys', { fingerprint })).json()).toMatchObject({ code: 'no-pins' });
    expect((await post('/drops/acme-folder/trusted-keys', { fingerprint: 'x' })).json()).toMatchObject({ status: 400 });
  });

  test('a test alert goes to every channel, and each says what it answered', async () => {
    const { place, post } = await setUp(await open());
    expect((await post('/alerts/test')).json()).toEqual({ channels: [] });
    const receiver = await startReceiver();
    onTestFinished(receiver.close);
    const gone = await startReceiver();
    await gone.close();
    place.settings.channels = [receiver.url, gone.url].map((url) => webhookChannel(new Secret(url), undefined));
    const { channels } = (await post('/alerts/test')).json<{ channels: { ok: boolean; error: string | null }[] }>();
    expect(channels.map(({ ok }) => ok)).toEqual([true, false]);
    expect(receiver.received).toHaveLength(1);
    expect(receiver.received[0]?.body).toContain('test');
    expect(JSON.stringify(channels)).not.toContain('planted-token');
  });

  test('the proof tells what is damaged, of one feed if that is asked for', async () => {
    const { place, get } = await setUp(await open());
    await setStage(place);
    expect((await get('/prove')).json()).toEqual({ ok: true, feeds: [] });
    await place.ask('/api/v1/feeds/acme-nightly/export', { method: 'POST', as: await place.token({ role: 'ops' }) });
    const { ok, feeds } = (await get('/prove?feed=acme-nightly')).json<{ ok: boolean; feeds: object[] }>();
    expect({ ok, feeds }).toMatchObject({ ok: false, feeds: [{ feed: 'acme-nightly', batches: 2 }] });
    expect((await get('/prove?feed=none')).json()).toEqual({ ok: true, feeds: [] });
  });

  test('refused mail is found by recipient, server and time', async () => {
    const { place, get } = await setUp(await open());
    const refusal = { helo: null, envelopeFrom: 'a@b.example', reason: 'no such address', code: 550 };
    await place.store.write(async (writer) => {
      await insertRefusal(writer, { ...refusal, peer: '192.0.2.1', recipient: 'x@y.example' }, 1000);
      await insertRefusal(writer, { ...refusal, peer: '192.0.2.2', recipient: 'z@y.example' }, 86_400_000);
    });
    const list = async (query: string) =>
      (await get(`/refused-mail?${query}`)).json<{ items: { peer: string }[] }>().items.map(({ peer }) => peer);
    expect(await list('')).toEqual(['192.0.2.2', '192.0.2.1']);
    expect(await list('order=oldest&limit=1')).toEqual(['192.0.2.1']);
    expect(await list('recipient=z@y.example')).toEqual(['192.0.2.2']);
    expect(await list('peer=192.0.2.1')).toEqual(['192.0.2.1']);
    expect(await list('from=1970-01-02')).toEqual(['192.0.2.2']);
    expect(await list('to=1970-01-02')).toEqual(['192.0.2.1']);
  });
});

const missing = await sshdMissing();
describe.skipIf(missing !== undefined)(`keys of a real server${missing === undefined ? '' : `: ${missing}`}`, () => {
  describeStores('over HTTP', (open) => {
    test('a key is trusted only when the server shows it now, and what was held for it goes on', async () => {
      const { place, get, post } = await setUp(await open());
      const server = await startSshd();
      onTestFinished(() => server.stop());
      const { mine } = await setStage(place);
      await place.store.write(
        async ({ knex }) =>
          void (await knex('deliveries').where({ id: mine.delivery }).update({ error_code: 'host-key' })),
      );
      const spec: SftpSpec = {
        ...{ kind: 'sftp', name: 'acme-folder', host: '127.0.0.1', port: server.port, user: server.user },
        ...{ password: new Secret(server.password), hostKeys: [`SHA256:${'A'.repeat(43)}`], folder: '/in' },
        ...{ concurrency: 1, stepTimeout: 30_000, replace: false },
      };
      const plan = place.settings.drops.get('acme-folder');
      if (!plan) throw new Error('the place has no such drop');
      place.settings.drops.set('acme-folder', { ...plan, spec });
      const trust = (fingerprint: string) => post('/drops/acme-folder/trusted-keys', { fingerprint });
      expect((await trust(`SHA256:${'B'.repeat(43)}`)).json()).toMatchObject({ status: 409, code: 'host-key' });
      const { ed25519 } = server.fingerprints();
      const done = await trust(ed25519);
      expect(done.status).toBe(201);
      expect(done.json()).toMatchObject({
        ...{ drop: 'acme-folder', port: server.port, fingerprint: ed25519, type: 'ssh-ed25519' },
        ...{ by: expect.stringMatching(/^ops \(/) as string, released: [mine.delivery] },
      });
      expect((await get('/drops/acme-folder')).json()).toMatchObject({
        kind: 'sftp',
        trusted: [{ fingerprint: ed25519 }],
      });
      expect((await post('/drops/acme-folder/examination')).json()).toMatchObject({ ok: true });
    }, 120_000);
  });
});
