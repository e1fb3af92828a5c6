import { expect, test } from 'vitest';
import { describeStores } from '../../stores.ts';
import { setStage } from '../api/stage.ts';
import { openPlace } from '../place.ts';

describeStores('the trace of an order', (open) => {
  test('shows who sent a change to ops in full, and to an advertiser masked', async () => {
    const place = await openPlace(await open());
    const { mine } = await setStage(place);
    await place.store.write(({ knex }) => knex('journal').update({ sender: 'planted.sender@brand.example' }));
    const [ops, advertiser] = await Promise.all([
      place.token({ role: 'ops' }),
      place.token({ role: 'advertiser', eventTypes: [mine.eventType] }),
    ]);
    const path = `/trace?order=${mine.order}`;
    expect((await place.ask(path, { as: ops })).text).toContain('planted.sender@brand.example');
    const { status, text } = await place.ask(path, { as: advertiser });
    expect([status, text.includes('planted.sender'), text.includes('p…@brand.example')]).toEqual([200, false, true]);
  });
});
