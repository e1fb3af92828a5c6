import { expect, test } from 'vitest';
import { DropFault } from '../../../src/drop/drop.ts';
import { deliverDue } from '../../../src/outbound/delivery/deliver.ts';
import { describeStores } from '../../stores.ts';
import { makeSite, makeWorld, planOf, withFault } from './world.ts';

describeStores('the words of a server', (open) => {
  test('cannot keep a failed attempt from being written down', async () => {
    const world = await makeWorld(await open(), { acme: planOf(makeSite('acme').spec) });
    const { deliveries } = await world.freeze();
    const openDrop = withFault(() => ({
      put: () => {
        const reason = `no\u0000 room\r\n\u001b[2J${'!'.repeat(100_000)}`;
        throw new DropFault({ operation: 'put', object: 'it', reason, hint: 'wait', next: 'hold', code: 'refused' });
      },
    }));
    await deliverDue({ ...world.ctx, openDrop });
    const held = await world.read(deliveries[0]);
    expect(held).toMatchObject({ state: 'held', errorCode: 'refused', holder: null });
    expect(held.error).toMatch(/^put it: no  room \[2J!+…$/);
  });
});
