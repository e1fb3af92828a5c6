import { expect, test } from 'vitest';
import { makeDeliverDue } from '../../jobs/deliver-due.ts';
import { addDelivery, makeStage, minute } from '../watch/stage.ts';
import { describeStores } from '../stores.ts';

describeStores('deliveries to a drop that is not configured', (open) => {
  test('are spoken of once each until they are held after five minutes', async () => {
    const store = await open();
    const { context, clock, lines } = await makeStage(store, []);
    const job = makeDeliverDue();
    const wake = async () => {
      clock.advance(1000);
      await job.run(context);
      await job.idle?.();
    };
    const said = () => lines.filter(({ msg }) => String(msg).startsWith('not configured here'));
    const first = await addDelivery(store, { drop_name: 'gone', ordering: 'free' });
    for (let second = 0; second < 5; second++) await wake();
    expect(said()).toMatchObject([{ drops: ['gone'], deliveries: [first] }]);
    const second = await addDelivery(store, { drop_name: 'gone', ordering: 'free' });
    for (let more = 0; more < 5; more++) await wake();
    expect(said().slice(1)).toMatchObject([{ drops: ['gone'], deliveries: [second] }]);
    clock.advance(5 * minute);
    await wake();
    expect(await store.read('deliveries').select('state', 'error_code')).toEqual(
      Array(2).fill({ state: 'held', error_code: 'drop-unknown' }),
    );
    expect(said()).toHaveLength(2);
  });
});
