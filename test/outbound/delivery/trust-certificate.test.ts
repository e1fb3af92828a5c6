import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { shownKeysOf } from '../../../src/drop/shown-keys.ts';
import { deliverDue } from '../../../src/outbound/delivery/deliver.ts';
import { trust } from '../../../src/outbound/delivery/trust.ts';
import { ftpsSpec } from '../../drop/ftps/stage.ts';
import { startVsftpd, vsftpdMissing, type Vsftpd } from '../../servers/vsftpd.ts';
import { describeStores } from '../../stores.ts';
import { makeWorld, planOf } from './world.ts';

const missing = await vsftpdMissing();

describe.skipIf(missing !== undefined)('a pinned certificate that the server no longer shows', () => {
  let server: Vsftpd;
  beforeAll(async () => void (server = await startVsftpd()));
  afterAll(() => server.stop());

  describeStores('holds', (open) => {
    test('until a person trusts the one it shows', async () => {
      const old = `SHA256:${'A'.repeat(43)}`;
      const spec = { ...ftpsSpec(server), certificates: [old] };
      const world = await makeWorld(await open(), { [spec.name]: planOf(spec) });
      const { deliveries } = await world.freeze({ feed: `feed-${Date.now()}` });
      const [held] = await deliverDue(world.ctx);
      expect(held).toMatchObject({ state: 'held', errorCode: 'certificate' });
      expect(held?.hint).toContain('drops trust acme-ftps');
      const shown = await shownKeysOf(spec);
      expect(shown).toMatchObject([{ type: 'certificate', fingerprint: expect.stringMatching(/^SHA256:/) as string }]);
      const wanted = { shown, by: 'root' };
      await expect(trust(world.ctx, { spec }, { ...wanted, fingerprint: old })).rejects.toMatchObject({ next: 'hold' });
      const fingerprint = shown[0]?.fingerprint ?? '';
      expect(held?.error).toContain(fingerprint);
      expect((await trust(world.ctx, { spec }, { ...wanted, fingerprint })).released).toEqual(deliveries);
      expect(await deliverDue(world.ctx)).toMatchObject([{ state: 'delivered' }]);
    });
  });
});
