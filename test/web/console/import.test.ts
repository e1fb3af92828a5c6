import { expect, test } from 'vitest';
import { findSubmissions } from '../../../src/inbound/submission/submissions.ts';
import { describeStores } from '../../stores.ts';
import { openPlace } from '../place.ts';

const bytes = 'OrderId,ActionTrackerId,Amount,Reason\nA,4521,1,ORDER_UPDATE\nB,4521,x,ORDER_UPDATE\n';

describeStores('a dry run that is imported', (open) => {
  test('is imported once, also when lines of it had errors and the page is an old one', async () => {
    const place = await openPlace(await open());
    const as = await place.token({ role: 'advertiser', eventTypes: [4521] });
    const upload = (check: boolean) =>
      place.ask(`/api/v1/submissions?eventType=4521&fileName=a.csv&check=${check}`, {
        method: 'POST',
        as,
        body: bytes,
      });
    const { id } = (await upload(true)).json<{ id: number }>();
    const complete = (one: number) =>
      place.store.write(({ knex }) =>
        knex('submissions')
          .where({ id: one })
          .update({ status: 'Complete', errors: 1, outcomes: '{"MODIFIED":1,"MALFORMED":1}' }),
      );
    await complete(id);
    const press = () => place.ask(`/submissions/${id}/import`, { method: 'POST', as });
    const first = await press();
    expect([first.status, first.headers.get('location')]).toEqual([303, `/submissions/${id + 1}`]);
    await complete(id + 1);
    const second = await press();
    expect([second.status, second.text.includes(`submission ${id + 1}`)]).toEqual([409, true]);
    expect(await findSubmissions(place.store.read)).toHaveLength(2);
    // Whoever wants the same bytes again uploads them again.
    const again = (await upload(true)).json<{ id: number }>();
    await complete(again.id);
    const third = await place.ask(`/submissions/${again.id}/import`, { method: 'POST', as });
    expect([third.status, third.headers.get('location')]).toEqual([303, `/submissions/${again.id + 1}`]);
  });
});
