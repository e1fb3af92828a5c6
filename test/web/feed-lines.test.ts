import { expect, test } from 'vitest';
import { makeFeed } from '../feeds.ts';
import { describeStores } from '../stores.ts';
import { openPlace } from './place.ts';

describeStores('the bounds beyond which a file waits', (open) => {
  test('are shown to ops, and to no partner', async () => {
    const feeds = [makeFeed({ name: 'acme-nightly', partner: 'acme', hold: { rowsOver: 77_777 } })];
    const place = await openPlace(await open(), { feeds });
    const ops = await place.token({ role: 'ops' });
    const partner = await place.token({ role: 'partner', partners: ['acme'], feeds: [] });
    for (const path of ['/api/v1/feeds', '/api/v1/feeds/acme-nightly']) {
      expect((await place.ask(path, { as: ops })).text).toContain('77777');
      const shown = await place.ask(path, { as: partner });
      expect(shown.status).toBe(200);
      expect(shown.text).not.toContain('77777');
    }
    const proof = { role: 'partner', partners: ['acme'], feeds: [] } as const;
    const pages = { ops: await place.signIn('ops', { role: 'ops' }), partner: await place.signIn('acme', proof) };
    expect((await place.ask('/overview', { as: pages.ops })).text).toContain('A file over');
    expect((await place.ask('/overview', { as: pages.partner })).text).not.toContain('A file over');
  });
});
