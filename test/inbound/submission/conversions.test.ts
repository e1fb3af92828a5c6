import { expect, test } from 'vitest';
import { findUnmatched } from '../../../src/inbound/submission/unmatched.ts';
import { defaultConversions, type EventType } from '../../../src/ledger/event-type.ts';
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

  test('item rows are one order; price, subtotal and discount are exact to the cent', async () => {
    const stage = await stageOf();
    const rows = [
      `1000,4521,${today},I,7788,S1,3,3.33,0.10`,
      `1000,4521,${today},I,7788,S2,1,10.00,0.10`,
      `1000,4521,${today},I,7788,S3,1,0.01,`,
      `1000,4521,${today},J,7788,S1,1,5.00,`,
      `1000,4521,${today},I,7788,S9,1,5.00,`,
    ];
    const { rows: told } = await stage.send(itemHeader + rows.join('\n'), {}, 1);
    expect(codes(told)).toEqual(['CREATED', 'CREATED', 'CREATED', 'CREATED', 'CONV_MALFORMED']);
    expect(told[4]?.message).toContain('further up in the file');
    const [shown] = await stage.shown('I');
    // 20.00 less 0.10, spread over 9.99, 10.00 and 0.01: the cent that is left goes to who lost the most.
    expect(shown).toMatchObject({ amount: '19.90', quantity: 5, payout: '1.00' });
    expect(shown?.items.map(({ sku, quantity, amount }) => [sku, quantity, amount])).toEqual([
      ['S1', 3, '9.94'],
      ['S2', 1, '9.95'],
      ['S3', 1, '0.01'],
    ]);
  });

  test('an order is created whole or not at all', async () => {
    const stage = await stageOf();
    const line = (orderId: string, rest: string, partner = '7788') =>
      `1000,4521,${today},${orderId},${partner},${rest}`;
    const groups: [string[], string[], RegExp][] = [
      [[line('A', 'S1,1,5,'), line('A', 'S2,1,five,')], ['CONV_MALFORMED', 'CONV_MALFORMED'], /^Line 3 may belong/],
      [[line('B', 'S1,1,5,'), line('B', 'S2,1,5,', '8800')], ['CONV_MALFORMED', 'CONV_MALFORMED'], /MediaPartnerId/],
      [[line('C', 'S1,1,5,6.00')], ['CONV_MALFORMED'], /more than the order/],
      [[line('D', 'S1,0,5,')], ['CONV_MALFORMED'], /from 1 on/],
      [[line('E', 'S1,1,,')], ['CONV_MALFORMED'], /has none/],
      [[line('F', ',1,5,')], ['CONV_MALFORMED'], /Sku: it is empty/],
    ];
    for (const [lines, expected, why] of groups) {
      const { rows } = await stage.send(itemHeader + lines.join('\n'));
      expect(codes(rows)).toEqual(expected);
      expect(rows[0]?.message).toMatch(why);
    }
    const torn = [line('T', 'S1,1,5,'), '1000,4521', line('U', 'S1,1,5,'), line('U', 'S2,1,5,'), line('V', 'S1,1,5,')];
    const { rows } = await stage.send(itemHeader + torn.join('\n'));
    expect(codes(rows)).toEqual([...Array<string>(4).fill('CONV_MALFORMED'), 'CREATED']);
    for (const orderId of 'ABCDEFTU') expect(await stage.shown(orderId)).toEqual([]);
  });

  test('rows that follow an order apart from it are never an order of their own, whatever became of the first', async () => {
    const stage = await stageOf();
    const line = (orderId: string, price: string) => `1000,4521,${today},${orderId},7788,S1,1,${price},`;
    const { rows } = await stage.send(itemHeader + [line('A', 'x'), line('B', '1'), line('A', '2')].join('\n'), {}, 1);
    expect(codes(rows)).toEqual(['CONV_MALFORMED', 'CREATED', 'CONV_MALFORMED']);
  });

  test('optional columns are kept, and what is not known is an attribute', async () => {
    const stage = await stageOf();
    const wide =
      'OID;Media Id;eventdate;programId;EventTypeId;Currency;amount;PromoCode;ClickId;CustomerStatus;PaymentType;EventCode;Category;Text1;\n';
    const { rows, notes } = await stage.send(
      `${wide}00012;8800;${today};1000;4521;jpy;1200;SUMMER;kX_9;EXISTING;CARD;SALE;Toys;"a ""b""";lost\n`,
    );
    expect(codes(rows)).toEqual(['CREATED']);
    expect(notes).toEqual(['Column 15 has no name and was not read.']);
    expect((await stage.shown('00012'))[0]).toMatchObject({
      ...{ partner: 'orbit', currency: 'JPY', amount: '1200', payout: '60', promoCode: 'SUMMER', clickId: 'kX_9' },
      ...{ customerStatus: 'EXISTING', paymentType: 'CARD', conversionType: 'SALE', items: [] },
      custom: { Category: 'Toys', Text1: 'a "b"' },
    });
  });

  test('what names no partner is kept, and leaves the list when it is created after all', async () => {
    const stage = await stageOf();
    const sent = await stage.send(`${header}1000,4521,${today},N,,7.00\n1000,4521,${today},N,,8.00`, {}, 1);
    expect(codes(sent.rows)).toEqual(['ACTION_REF_NOT_FOUND', 'ACTION_REF_NOT_FOUND']);
    expect(await findUnmatched(stage.store.read)).toMatchObject([
      {
        orderId: 'N',
        eventType: 4521,
        fileName: 'mods.csv',
        line: 3,
        conversion: { amount: '8.00', campaign: '1000' },
      },
    ]);
    const dry = await stage.send(`${header}1000,4521,${today},N,7788,9.00`, { check: true });
    expect(codes(dry.rows)).toEqual(['CREATED']);
    expect(await findUnmatched(stage.store.read, { eventTypeId: 4521 })).toHaveLength(1);
    const again = await stage.send(`${header}1000,4521,${today},N,7788,9.00`);
    expect(codes(again.rows)).toEqual(['CREATED']);
    expect(await findUnmatched(stage.store.read)).toEqual([]);
  });

  test('a chained action goes to the partner of the newest action of the customer', async () => {
    const chained = 'CampaignId,ActionTrackerId,EventDate,OrderId,CustomerId,MediaPartnerId,Amount\n';
    const line = (orderId: string, customer: string, partner: string) =>
      `1000,4521,${today},${orderId},${customer},${partner},1`;
    const lines = [
      line('1', 'k', '7788'),
      line('2', 'k', ''),
      line('3', 'k', '8800'),
      line('4', 'k', ''),
      line('5', 'K', ''),
    ];
    const stage = await stageOf();
    for (const check of [true, false])
      for (const chunk of check ? [1, 9] : [1]) {
        const { rows } = await stage.send(chained + lines.join('\n'), { check }, chunk);
        expect(codes(rows)).toEqual(['CREATED', 'CREATED', 'CREATED', 'CREATED', 'ACTION_REF_NOT_FOUND']);
      }
    const shown = await Promise.all(['2', '4'].map((orderId) => stage.shown(orderId)));
    expect(shown.flat()).toMatchObject([{ partner: 'acme', customerId: 'k' }, { partner: 'orbit' }]);
    const { conversions = defaultConversions } = conversionType;
    const left = { ...conversionType, conversions: { ...conversions, activePartners: new Set(['acme']) } };
    const handOver = () => stage.store.write(({ knex }) => knex('leases').update({ leased_until: 0 }));
    await handOver();
    const later = await makeStage(stage.store, [], left);
    expect(codes((await later.send(chained + line('6', 'k', ''))).rows)).toEqual(['PARTNER_NOT_ACTIVE']);
    await handOver();
    const apart = await makeStage(stage.store, [], {
      ...conversionType,
      conversions: { ...conversions, chainedTo: [] },
    });
    expect(codes((await apart.send(chained + line('7', 'k', ''))).rows)).toEqual(['ACTION_REF_NOT_FOUND']);
  });

  test('an event whose locking date has passed counts from the day on which it was received', async () => {
    const stage = await stageOf();
    const dated = daysAgo(31);
    const { rows, receivedAt } = await stage.send(
      `${header}1000,4521,${dated},LATE,7788,7.00\n1000,4521,${daysAgo(29)},SOON,7788,7.00`,
    );
    expect(codes(rows)).toEqual(['CREATED', 'CREATED']);
    expect(rows[0]?.message).toContain(new Date(receivedAt).toISOString());
    const [late] = await stage.shown('LATE');
    expect(late).toMatchObject({
      eventDate: new Date(receivedAt).toISOString(),
      lockingDate: new Date(receivedAt + 30 * 86_400_000).toISOString(),
      custom: { EventDate: dated },
    });
    expect(await stage.outcomesOf('LATE,4521,5.00,ORDER_UPDATE', 'SOON,4521,0,ORDER_UPDATE')).toEqual([
      'MODIFIED',
      'REVERSED',
    ]);
  });

  test('a date without a zone is in that of the event type', async () => {
    const stage = await stageOf([], { ...conversionType, timezone: 'America/New_York', locking: { kind: 'open' } });
    const { conversions = defaultConversions } = conversionType;
    const old = await makeStage(stage.store, [], {
      ...stage.eventType,
      conversions: { ...conversions, maxAgeWithPartner: 36_500 * 86_400_000 },
    });
    await old.send(
      `${header}1000,4521,2026-07-01 12:00:00.5,SUMMER,7788,1\n1000,4521,2026-01-01T12:00,WINTER,7788,1\n1000,4521,2026-01-01T12:00+01:00,ZONE,7788,1`,
    );
    const dates = await Promise.all(
      ['SUMMER', 'WINTER', 'ZONE'].map(async (id) => (await old.shown(id))[0]?.['eventDate']),
    );
    expect(dates).toEqual(['2026-07-01T16:00:00.500Z', '2026-01-01T17:00:00.000Z', '2026-01-01T11:00:00.000Z']);
  });

  test('the same file after errors, and an order that comes by another way at the same time, create nothing twice', async () => {
    const stage = await stageOf();
    const orderIds = Array.from({ length: 40 }, (_, i) => `R${i}`);
    const file = `${header}${orderIds.map((id) => `1000,4521,${today},${id},7788,100.00`).join('\n')}\n1000,9,${today},X,7788,1\n`;
    const first = await stage.accept(file);
    const [ledger] = await Promise.allSettled([
      stage.addOrders(orderIds.map((id) => order(id))),
      stage.apply(first.id, 3),
    ]);
    const counted = (await stage.store.read('transactions').count({ n: '*' }).first()) as { n: unknown };
    expect(Number(counted.n)).toBe(40);
    // Whoever came second was told: the ledger file that its values differ, or the lines that they are duplicates.
    const { outcomes } = await stage.stand(first.id);
    expect((outcomes.CREATED ?? 0) + (outcomes.DUPLICATE ?? 0)).toBe(40);
    expect(ledger.status === 'rejected').toBe((outcomes.CREATED ?? 0) > 0);
    const again = await stage.send(file);
    expect(again.outcomes).toEqual({ DUPLICATE: 40, ACTIONTRACKER_NOT_FOUND: 1 });
  });

  test('an XML file creates the same, nested items or not', async () => {
    const stage = await stageOf();
    const order = (id: string, rest: string) =>
      `<conversion CampaignId="1000"><ActionTrackerId>4521</ActionTrackerId><EventDate>${today}</EventDate>
        <OrderId>${id}</OrderId><MediaPartnerId>7788</MediaPartnerId>${rest}</conversion>`;
    const item = (sku: string, price: string) =>
      `<Item><Sku>${sku}</Sku><Quantity>1</Quantity><ItemPrice>${price}</ItemPrice></Item>`;
    const xml = [
      order('X1', item('A', '1.50') + item('B', '2.25')),
      order('X2', item('A', 'x') + item('B', '2')),
      order('X3', item('A', '7')),
    ];
    const { rows, type } = await stage.send(`<orders>${xml.join('\n')}</orders>`, { fileName: 'orders.xml' });
    expect(type).toBe('Conversion');
    expect(codes(rows)).toEqual(['CREATED', 'CREATED', 'CONV_MALFORMED', 'CONV_MALFORMED', 'CREATED']);
    expect((await stage.shown('X1'))[0]).toMatchObject({ amount: '3.75', items: [{ sku: 'A' }, { sku: 'B' }] });
  });
});
