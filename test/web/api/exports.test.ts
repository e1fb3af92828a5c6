import { readdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { fixedClock } from '../../../src/clock.ts';
import { addTransactions, makeFeed } from '../../feeds.ts';
import { describeStores } from '../../stores.ts';
import { type As, openPlace, type PlaceOfWeb } from '../place.ts';

const ops = { role: 'ops' } as const;
const at = (text: string) => Date.parse(text);

const order = (id: string, created: string, campaign = '1000') => ({
  ...{ partner: 'acme', event_type: 4521, order_id: id, campaign },
  ...{ created_at: at(created), event_date: at('2026-11-01T00:00:00Z') },
});

/** Three orders of acme, made on two days. */
const setUp = async (store: Parameters<typeof openPlace>[0]) => {
  const clock = fixedClock('2026-11-21T02:00:00Z');
  const place = await openPlace(store, {}, clock);
  await addTransactions(store, [
    order('A-1', '2026-11-19T10:00:00Z'),
    order('A-2', '2026-11-20T10:00:00Z'),
    order('A-3', '2026-11-20T11:00:00Z', '2000'),
  ]);
  const as = await place.token(ops);
  const post = (path: string, body: object = {}, headers: Record<string, string> = {}, who: As = as) =>
    place.ask(`/api/v1/feeds/${path}`, { method: 'POST', as: who, body: JSON.stringify(body), headers });
  const get = (path: string) => place.ask(`/api/v1/feeds/${path}`, { as });
  return { place, clock, as, post, get };
};

const code = ({ status, json }: Awaited<ReturnType<PlaceOfWeb['ask']>>) => ({ status, code: json()['code'] });

describeStores('exports over HTTP', (open) => {
  test('what is new is frozen once, with its deliveries; a repeated request freezes nothing more', async () => {
    const { place, clock, post, as } = await setUp(await open());
    const key = { 'Idempotency-Key': 'once' };
    const first = await post('acme-nightly/export', {}, key);
    expect(first.json()).toMatchObject({
      ...{ feed: 'acme-nightly', batch: 1, number: 1, rows: 3, fileName: 'acme_20261121_000001.csv' },
      deliveries: [{ drop: 'acme-folder', state: 'pending' }],
    });
    expect((await post('acme-nightly/export', {}, key)).text).toBe(first.text);
    const file = await place.ask('/api/v1/batches/1/file', { as });
    expect(file.text).toContain('A-3');
    clock.advance(1000);
    const nothing = await post('acme-nightly/export');
    expect(nothing.json()).toEqual({
      ...{ feed: 'acme-nightly', number: null, rows: 0, fileName: null, deliveries: [], batch: null },
    });
    const one = await place.ask('/api/v1/feeds/acme-nightly', { as });
    expect(one.json()).toMatchObject({ feed: 'acme-nightly', pending: 0 });
    expect(code(await post('none/export'))).toEqual({ status: 404, code: 'missing' });
  });

  test('a time frame is counted, then taken away as a file of which nothing stays, or delivered', async () => {
    const { place, post, get } = await setUp(await open());
    const frame = 'from=2026-11-20&to=2026-11-21T00:00:00%2B00:00';
    expect((await get(`acme-nightly/frame?${frame}`)).json()).toEqual({ rows: 2 });
    expect((await get(`acme-nightly/frame?${frame}&campaigns=2000`)).json()).toEqual({ rows: 1 });
    expect((await get('acme-nightly/frame?from=2026-11-01&to=2026-11-02&by=event')).json()).toEqual({ rows: 3 });
    const file = await get(`acme-nightly/frame/file?${frame}`);
    expect(file.text.split('\r\n').slice(0, 3).join(' ')).toMatch(/^orderId\S* A-2\S* A-3/);
    expect(file.headers.get('content-length')).toBe(String(file.text.length));
    expect(file.headers.get('content-disposition')).toMatch(/filename="acme_\S+\.csv"/);
    await expect.poll(() => readdir(place.spool.folder), { timeout: 20_000 }).toEqual([]);
    const sent = await post('acme-nightly/frame/delivery', { from: '2026-11-20', to: '2026-11-21' });
    expect(sent.status).toBe(202);
    expect(sent.json()).toMatchObject({ batch: 1, number: null, rows: 2, deliveries: [{ state: 'pending' }] });
    expect((await get('acme-nightly')).json()).toMatchObject({ pending: 3 });
  });

  test('what is no frame, a retired feed, and a second at the same time are refused', async () => {
    const { place, post, get } = await setUp(await open());
    const frame = { from: '2026-11-20', to: '2026-11-21' };
    const retired = makeFeed({ name: 'acme-old', partner: 'acme', retired: true, selection: { campaigns: ['1000'] } });
    place.settings.feeds = [...place.settings.feeds, retired];
    expect(code(await get('acme-nightly/frame?from=2026-11-20'))).toEqual({ status: 400, code: 'usage' });
    expect(code(await get('acme-nightly/frame?from=2026-11-21&to=2026-11-20'))).toEqual({ status: 400, code: 'usage' });
    expect((await get('acme-old/frame?from=2026-11-20&to=2026-11-21&campaigns=2000')).json()).toMatchObject({
      ...{ object: 'campaigns', reason: 'the feed does not hold 2000', hint: 'it holds: 1000' },
    });
    expect(code(await post('acme-old/export'))).toEqual({ status: 400, code: 'usage' });
    expect(code(await post('acme-old/frame/delivery', frame))).toEqual({ status: 400, code: 'usage' });
    expect((await get('acme-old/frame/file?from=2026-11-20&to=2026-11-21')).status).toBe(200);
    place.ctx.underWay.add('export a time frame of acme-nightly');
    expect(code(await post('acme-nightly/frame/delivery', frame))).toEqual({ status: 409, code: 'busy' });
    place.ctx.underWay.clear();
    expect((await post('acme-nightly/frame/delivery', frame)).status).toBe(202);
    expect(place.ctx.underWay.size).toBe(0);
  });
});
