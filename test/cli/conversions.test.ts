import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { freshDatabase } from '../stores.ts';
import { makePlace, partnerYaml } from './program.ts';

const cleanup: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const step of cleanup.splice(0).reverse()) await step();
});

const file = `CampaignId,ActionTrackerId,EventDate,OrderId,MediaPartnerId,Sku,Quantity,ItemPrice,Email
1000,4521,NOW,WEB-1,7788,SHOE-42,2,30.00,a@example.test
1000,4521,NOW,WEB-1,7788,SOCK-3,1,4.50,
1000,4521,NOW,WEB-2,,HAT-1,1,12.00,
1001,4521,NOW,WEB-3,7788,HAT-1,1,12.00,
`;

for (const kind of ['sqlite', 'postgres'] as const) {
  describe(`a conversion file on ${kind === 'sqlite' ? 'SQLite' : 'PostgreSQL'}`, () => {
    test('goes in, and what it creates is in the next file of the feed', { timeout: 240_000 }, async () => {
      const database = kind === 'sqlite' ? undefined : await freshDatabase('postgres');
      const here = makePlace(database?.url);
      if (database) cleanup.push(database.remove);
      cleanup.push(here.remove);
      here.write('partners/acme.yaml', `ids: [7788]\n${partnerYaml()}`);
      here.write(
        'event-types/4521.yaml',
        'currency: USD\npayout: { percent: 10 }\nconversions: { campaigns: [1000] }\n',
      );
      const path = join(here.folder, 'web-orders.csv');
      writeFileSync(path, file);
      const list = async (...args: string[]): Promise<unknown> =>
        JSON.parse((await here.run(...args, '--json')).stdout) as unknown;

      expect(await list('submit', path, '--event-type', '4521')).toMatchObject({
        ...{ type: 'Conversion', status: 'Complete', records: 4, applied: 2, errors: 2 },
        outcomes: { CREATED: 2, ACTION_REF_NOT_FOUND: 1, CAMPAIGN_NOT_FOUND: 1 },
      });
      expect(await list('export', 'acme')).toMatchObject({ feed: 'acme', number: 1, rows: 1 });
      const [name = ''] = readdirSync(here.drop);
      const sent = readFileSync(join(here.drop, name), 'utf8');
      expect(sent).toMatch(/^transactionId,orderId,amount,email\r\nT4521\.1,WEB-1,64\.50,a@example\.test\r\n$/);
      expect(await list('submissions', 'unmatched')).toMatchObject([
        { orderId: 'WEB-2', fileName: 'web-orders.csv', line: 4, conversion: { amount: '12.00', campaign: '1000' } },
      ]);
      expect(await list('trace', 'WEB-1')).toMatchObject(
        expect.arrayContaining([
          expect.objectContaining({ what: 'submitted', outcome: 'CREATED', line: 2 }),
          expect.objectContaining({ what: 'created', source: 'web-orders.csv', line: 2, payout: '6.45' }),
          expect.objectContaining({ what: 'frozen', feed: 'acme', number: 1 }),
          expect.objectContaining({ what: 'delivered', feed: 'acme' }),
        ]),
      );
      expect((await here.run('submissions', 'unmatched', '--event-type', '4521')).stdout).toContain('WEB-2');
    });
  });
}
