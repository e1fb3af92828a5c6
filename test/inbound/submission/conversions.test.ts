import { expect, test } from 'vitest';
import { findUnmatched } from '../../../src/inbound/submission/unmatched.ts';
import type { EventType } from '../../../src/ledger/event-type.ts';
import { describeStores } from '../../stores.ts';
import { conversionType } from './event-type.ts';
import { codes, makeStage, order } from './stage.ts';

const header = 'CampaignId,ActionTrackerId,EventDate,OrderId,MediaPartnerId,Amount\n';
const itemHeader = 'CampaignId,ActionTrackerId,EventDate,OrderId,MediaPartnerId,Sku,Quantity,ItemPrice,OrderDiscount\n';
const today = new Date(Date.now() - 3_600_000).toISOString();
const daysAgo = (days: number): string => new Date(Date.now() - days * 86_400_000 + 60_000).toISOString();

describeStores('conversions', (open) => {
  const stageOf = async (orders: readonly string[] = [], type: EventType = conversionType) =>
    makeStage(await open(), orders, type);

  test('each line has the outcome that the documentation says, in the order of the checks', async () => {
    const stage = await stageOf([order('OLD')]);
    const lines = [
      `10x0,99,${today},A,1,x`,
      `1000,4521,tomorrow,A,7788,1`,
      `1000,4521,${today},,7788,1`,
      `1000,4521,${daysAgo(-3)},A,7788,1`,
      `1000,4521,${today},A,7788,`,
      `1000,4521,${today},A,7788,-1.00`,
      `999,99,${daysAgo(500)},A,1,1`,
      `1000,99,${daysAgo(500)},A,1,1`,
      `1000,4521,${daysAgo(399)},A,1,1`,
      `1000,4521,${daysAgo(89)},A,,1`,
      `1000,4521,${daysAgo(88)},OLD,1,1`,
      `1000,4521,${today},OLD,9900,1`,
      `1000,4521,${today},OLD,7788,1`,
      `1000,4521,${today},OLD,,1`,
      `1000,4521,${today},A,,1`,
      `1000,4521,${today},A,7788,19.90`,
      `1000,4521,${today},A,8800,19.90`,
      `1000,4521,${daysAgo(398)},B,8800,0`,
      `1000,4521,NOW,C,7789,5`,
    ];
    const expected = [
      ...['CONV_MALFORMED', 'CONV_MALFORMED', 'CONV_MALFORMED', 'CONV_MALFORMED', 'CONV_MALFORMED', 'CONV_MALFORMED'],
      ...['CAMPAIGN_NOT_FOUND', 'ACTIONTRACKER_NOT_FOUND', 'TOO_OLD', 'TOO_OLD', 'PARTNER_NOT_ACTIVE'],
      ...['PARTNER_NOT_ACTIVE', 'DUPLICATE', 'DUPLICATE', 'ACTION_REF_NOT_FOUND', 'CREATED', 'DUPLICATE', 'CREATED'],
      'CREATED',
    ];
    const dry = await stage.send(header + lines.join('\n'), { check: true });
    expect(codes(dry.rows)).toEqual(expected);
    expect(await stage.shown('A')).toEqual([]);
    expect(await findUnmatched(stage.store.read)).toEqual([]);
    const done = await stage.send(header + lines.join('\n'), { sender: 'shop@brand.example' });
    expect(codes(done.rows)).toEqual(expected);
    expect(done).toMatchObject({ type: 'Conversion', status: 'Complete', notes: [] });
    const [a] = await stage.shown('A');
    expect(a).toMatchObject({ amount: '19.90', payout: '1.00', partner: 'acme', campaign: '1000', currency: 'USD' });
    expect(a?.journal).toMatchObject([
      { change: 'created', channel: 'submit', source: 'mods.csv', line: 17, sender: 'shop@brand.example' },
    ]);
  });
});
