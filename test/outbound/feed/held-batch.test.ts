import { expect, test } from 'vitest';
import { attemptsOf } from '../../../src/outbound/delivery/attempts.ts';
import { findDeliveries } from '../../../src/outbound/delivery/deliveries.ts';
import { listFeeds } from '../../../src/outbound/feed/feed-list.ts';
import type { FeedContext } from '../../../src/outbound/feed/context.ts';
import { findFeed } from '../../../src/outbound/feed/feeds.ts';
import { exportToDrops } from '../../../src/outbound/feed/manual.ts';
import { prove } from '../../../src/outbound/feed/prove.ts';
import { runFeed } from '../../../src/outbound/feed/run.ts';
import { describeStores } from '../../stores.ts';
import { addTransactions, changeTransaction, due, makeContext, makeFeed, spooled } from '../../feeds.ts';

const minute = 60_000;
const at = (n: number) => ({ due: due + n * minute, kind: 'schedule' as const });
const statesOf = async ({ store }: FeedContext) =>
  (await findDeliveries(store.read)).map(({ dropName, state, errorCode }) => ({ dropName, state, errorCode }));

describeStores('a batch over the bounds of its feed', (open) => {
  test('is frozen as always, and its deliveries begin held at every drop', async () => {
    const ctx = await makeContext(await open());
    const feed = makeFeed({ hold: { rowsOver: 2 }, drops: ['one', 'two'] });
    await addTransactions(ctx.store, [{ order_id: 'A' }, { order_id: 'B' }, { order_id: 'C' }]);
    const { outcome, batch } = await runFeed(ctx, feed, at(0));
    expect({ outcome, ...batch }).toMatchObject({
      outcome: 'frozen',
      number: 1,
      rows: 3,
      fromSequence: 0,
      toSequence: 3,
    });
    expect(await spooled(ctx, batch!)).toBe('orderId,Amount\r\nA,12.50\r\nB,12.50\r\nC,12.50\r\n');
    expect((await findFeed(ctx.store.read, feed.name))?.watermark).toBe(3);
    expect(await statesOf(ctx)).toEqual([
      { dropName: 'one', state: 'held', errorCode: 'unusual' },
      { dropName: 'two', state: 'held', errorCode: 'unusual' },
    ]);
    const [held] = await findDeliveries(ctx.store.read);
    expect(held).toMatchObject({
      error: 'the batch is unusual: it has 3 rows, and the bound is 2; nothing of it was sent',
      hint: expect.stringContaining('release the delivery') as string,
      attempts: 0,
    });
    expect(await attemptsOf(ctx.store.read, held!.id)).toEqual([]);
    expect(await prove(ctx.store, ctx.spool)).toMatchObject({ ok: true });
  });

  test('only a file over the bounds is held: the next one waits for its turn, and needs no release', async () => {
    const ctx = await makeContext(await open());
    const feed = makeFeed({ hold: { rowsOver: 2 }, drops: ['one'] });
    await addTransactions(ctx.store, [{}, {}, {}]);
    await runFeed(ctx, feed, at(0));
    await addTransactions(ctx.store, [{}, {}]);
    await runFeed(ctx, feed, at(1));
    expect((await statesOf(ctx)).map(({ state }) => state)).toEqual(['held', 'pending']);
  });

  test('amounts are looked at by currency, without a manifest and over all parts', async () => {
    const ctx = await makeContext(await open());
    const hold = { amountOver: { USD: '3000', JPY: '3000' } };
    const feed = makeFeed({ hold, drops: ['one'] }, { name: 'a_{number}_{part}.csv', split: { rows: 1 } });
    const usual = [
      { amount: 1000 },
      { amount: 2000 },
      { amount: 3000, currency: 'JPY' },
      { amount: 9999, currency: 'EUR' },
    ];
    await addTransactions(ctx.store, usual);
    await runFeed(ctx, feed, at(0));
    await addTransactions(ctx.store, [
      { amount: 1000 },
      { amount: 2000 },
      { amount: 1 },
      { amount: 3001, currency: 'JPY' },
    ]);
    const { batch } = await runFeed(ctx, feed, at(1));
    expect(batch?.companions.map(({ kind }) => kind)).toEqual(['part', 'part', 'part']);
    const [first, second] = await findDeliveries(ctx.store.read);
    expect(first).toMatchObject({ state: 'pending', error: null });
    expect(second?.error).toContain('JPY 3001, and the bound is JPY 3000; its amounts come to USD 30.01');
  });

  test('with every change a row, what counts is how much the changes move', async () => {
    const ctx = await makeContext(await open());
    const feed = makeFeed({ hold: { amountOver: { USD: '3000' } }, include: 'changes', drops: ['one'] });
    const [first, second] = await addTransactions(ctx.store, [{ amount: 2000 }, { amount: 1000 }]);
    await runFeed(ctx, feed, at(0));
    for (const [id, amount] of [
      [first!, 1500],
      [second!, 1600],
    ] as const)
      await changeTransaction(ctx.store, id, { change: 'modified', at: due, amount, payout: 0, status: 'PENDING' });
    await runFeed(ctx, feed, at(1));
    for (const id of [first!, second!])
      await changeTransaction(ctx.store, id, { change: 'reversed', at: due, amount: 0, payout: 0, status: 'REVERSED' });
    await runFeed(ctx, feed, at(2));
    const deliveries = await findDeliveries(ctx.store.read);
    expect(deliveries.map(({ state }) => state)).toEqual(['pending', 'pending', 'held']);
    expect(deliveries[2]?.error).toContain('its changes come to USD -31.00, and the bound, either way, is USD 30.00');
  });

  test('a manifest beside it tells the same sums', async () => {
    const ctx = await makeContext(await open());
    const feed = makeFeed({ hold: { amountOver: { USD: '1' } }, drops: ['one'] }, { sidecar: 'manifest' });
    await addTransactions(ctx.store, [{}]);
    const { batch } = await runFeed(ctx, feed, at(0));
    const manifest = JSON.parse(await spooled(ctx, batch!.companions[0]!)) as { sums: unknown };
    expect(manifest.sums).toEqual([{ currency: 'USD', rows: 1, amount: '12.50' }]);
    expect((await statesOf(ctx))[0]).toMatchObject({ state: 'held' });
  });

  test('a manual export is a person asking for it, and waits for nobody', async () => {
    const ctx = await makeContext(await open());
    const feed = makeFeed({ hold: { rowsOver: 0, amountOver: { USD: '1' } }, drops: ['one'] });
    await addTransactions(ctx.store, [{}, {}]);
    const frame = { from: due - 86_400_000, to: due + 86_400_000, by: 'created' as const };
    expect(await exportToDrops(ctx, feed, frame)).toMatchObject({ rows: 2 });
    expect((await statesOf(ctx)).map(({ state }) => state)).toEqual(['pending']);
  });

  test('the list of feeds says beyond what a file waits, only where there are bounds', async () => {
    const ctx = await makeContext(await open());
    const feeds = [makeFeed({ hold: { rowsOver: 5, amountOver: { USD: '25000000' } } }), makeFeed({ name: 'other' })];
    const [bounded, other] = await listFeeds(ctx.store, feeds, due);
    expect(bounded).toMatchObject({ hold: { rowsOver: 5, amountOver: { USD: '250000.00' } } });
    expect(Object.keys(other ?? {})).not.toContain('hold');
  });
});
