import { expect, test } from 'vitest';
import { insertMessage } from '../../../src/inbound/mail/messages.ts';
import type { Store } from '../../../src/store/store.ts';
import { describeStores } from '../../stores.ts';
import { openPlace, type PlaceOfWeb } from '../place.ts';
import { setStage } from './stage.ts';

const ops = { role: 'ops' } as const;
const advertiser = { role: 'advertiser', eventTypes: [4521] } as const;

/** The planted submission came by this mail. */
const plantMail = (store: Store, submission: number): Promise<void> =>
  store.write(async (writer) => {
    const evidence = {
      ...{ headerFrom: ['planted@brand.example'], proof: 'pass' as const, spf: 'pass', dkim: 'none', dmarc: 'pass' },
      ...{ automatic: null, reasons: ['SPF was asked for <planted@brand.example>.'] },
    };
    const message = {
      ...{ receivedAt: 1, peer: '192.0.2.7', helo: 'planted.example', tls: 'TLSv1.3', bytes: 5, sha256: 'ab' },
      ...{ envelopeFrom: 'planted@brand.example', spool: 'none', messageId: '<planted@brand.example>', evidence },
    };
    const id = await insertMessage(writer, message, []);
    await writer
      .knex('submissions')
      .where({ id: submission })
      .update({ message_id: id, recipient: 'sale-4521@files.nightdrop.example', part: 1 });
  });

const plantUnmatched = (store: Store, submission: number, eventType: number, orders: readonly string[]) =>
  store.write(async ({ knex }) => {
    const conversion = JSON.stringify({
      amount: '8.00',
      email: 'planted@shopper.example',
      items: [],
      custom: { a: 'planted' },
    });
    const rows = orders.map((order_id, line) => ({
      ...{ event_type: eventType, order_id, at: 1, submission_id: submission, line, conversion },
    }));
    await knex('unmatched_conversions').insert(rows);
  });

const upload = async (place: PlaceOfWeb, body: string, query = '') =>
  place.ask(`/api/v1/transactions${query}`, { method: 'POST', as: await place.token(ops), body });

describeStores('what advertisers send, over HTTP', (open) => {
  test('the mail of a submission is told to ops, and not to the advertiser', async () => {
    const place = await openPlace(await open());
    const { mine } = await setStage(place);
    await plantMail(place.store, mine.submission);
    const path = `/api/v1/submissions/${mine.submission}`;
    const full = await place.ask(path, { as: await place.token(ops) });
    expect(full.json()['mail']).toMatchObject({
      ...{ recipient: 'sale-4521@files.nightdrop.example', peer: '192.0.2.7', helo: 'planted.example' },
      ...{ tls: 'TLSv1.3', envelopeFrom: 'planted@brand.example', headerFrom: ['planted@brand.example'] },
      ...{ proof: 'pass', spf: 'pass', dkim: 'none', dmarc: 'pass', reply: null },
    });
    const advertisers = await place.ask(path, { as: await place.token(advertiser) });
    expect(advertisers.json()).toMatchObject({ sender: 'p…@brand.example', mail: null });
    expect(advertisers.text).not.toContain('planted');
  });

  test('conversions that name no partner: page by page, one’s own, and the customer masked', async () => {
    const place = await openPlace(await open());
    const { mine, theirs } = await setStage(place);
    await plantUnmatched(place.store, mine.submission, 4521, ['A', 'B', 'C']);
    await plantUnmatched(place.store, theirs.submission, 4522, ['D']);
    const list = async (as: typeof ops | typeof advertiser, query: string) =>
      (await place.ask(`/api/v1/unmatched-conversions?${query}`, { as: await place.token(as) })).json<{
        items: { orderId: string; conversion: object }[];
        next: string | null;
      }>();
    const orders = ({ items }: Awaited<ReturnType<typeof list>>) => items.map(({ orderId }) => orderId);
    const first = await list(ops, 'limit=3');
    expect(orders(first)).toEqual(['D', 'C', 'B']);
    expect(orders(await list(ops, `limit=3&cursor=${first.next}`))).toEqual(['A']);
    expect(first.items[0]?.conversion).toMatchObject({ email: 'planted@shopper.example', custom: { a: 'planted' } });
    const own = await list(advertiser, 'order=oldest');
    expect(orders(own)).toEqual(['A', 'B', 'C']);
    expect(own.items[0]?.conversion).toMatchObject({ amount: '8.00', email: 'p…@shopper.example', custom: { a: '…' } });
    expect(orders(await list(advertiser, 'eventType=4522'))).toEqual([]);
    expect(orders(await list(advertiser, 'orderId=B'))).toEqual(['B']);
  });

  test('a dry run is imported once it is complete, and only once', async () => {
    const place = await openPlace(await open());
    const as = await place.token(advertiser);
    const query = 'eventType=4521&fileName=a.csv&check=true';
    const dry = await place.ask(`/api/v1/submissions?${query}`, { method: 'POST', as, body: 'OrderId,Amount\nA,1\n' });
    const { id } = dry.json<{ id: number }>();
    const take = () => place.ask(`/api/v1/submissions/${id}/import`, { method: 'POST', as });
    expect((await take()).json()).toMatchObject({ status: 409, code: 'not-reviewed' });
    await place.store.write(
      async ({ knex }) =>
        void (await knex('submissions').where({ id }).update({ status: 'Complete', type: 'Reversal' })),
    );
    const taken = await take();
    expect(taken.status).toBe(202);
    expect(taken.json()).toMatchObject({ fileName: 'a.csv', check: false, status: 'Queued' });
    expect((await take()).json()).toMatchObject({ status: 409, code: 'imported' });
  });

  test('an event type says where its files go, and gives templates that are taken', async () => {
    const place = await openPlace(await open());
    const as = await place.token(advertiser);
    const one = await place.ask('/api/v1/event-types/4521', { as });
    const address = 'sale-4521@files.nightdrop.example';
    expect(one.json()).toMatchObject({
      ...{ eventType: 4521, code: 'sale_4521', locking: { kind: 'open' }, dispositions: [{ code: 'DAMAGED' }] },
      mail: {
        addresses: [
          { address, check: 'sale-4521+check@files.nightdrop.example', until: null },
          { until: '2027-01-31' },
        ],
        ...{ senders: ['*@brand4521.example'], authentication: 'record', reply: 'summary' },
      },
    });
    const list = (await place.ask('/api/v1/event-types', { as })).json<{ items: { templates: string[] }[] }>();
    expect(list.items).toHaveLength(1);
    for (const name of list.items[0]?.templates ?? []) {
      const { text, headers } = await place.ask(`/api/v1/event-types/4521/templates/${name}`, { as });
      expect(headers.get('content-disposition')).toContain(`filename="${name}.csv"`);
      const sent = await place.ask(`/api/v1/submissions?eventType=4521&fileName=${name}.csv&check=true`, {
        ...{ method: 'POST', as, body: text },
      });
      expect(sent.status).toBe(202);
    }
    expect((await place.ask('/api/v1/event-types/4521/templates/none', { as })).status).toBe(404);
    const fresh = await place.ask('/api/v1/fresh-address?eventType=4521', { as: await place.token(ops) });
    expect(fresh.json()['address']).toMatch(/^sale-4521-[0-9a-z]{16}@files\.nightdrop\.example$/);
  });

  test('a ledger file is added once, its bad rows are told, and one that is too large is refused', async () => {
    const place = await openPlace(await open(), { maxUpload: 2000 });
    const csv = [
      'eventTypeId,partner,orderId,eventDate,amount',
      '4521,acme,NEW-1,2026-11-20T10:00:00Z,1.00',
      '4521,nobody,NEW-2,2026-11-20T10:00:00Z,2.00',
      '4521,acme,NEW-3,2026-11-20T10:00:00Z,3.00\n',
    ].join('\n');
    const first = await upload(place, csv, '?fileName=orders.csv');
    expect(first.json()).toMatchObject({
      added: 2,
      unchanged: 0,
      errors: 1,
      problems: [{ line: 3, column: 'partner' }],
    });
    expect((await upload(place, csv)).json()).toMatchObject({ added: 0, unchanged: 2, errors: 1 });
    const shown = await place.ask('/api/v1/transactions?orderId=NEW-3', { as: await place.token(ops) });
    expect(shown.json()).toMatchObject({ items: [{ amount: '3.00', journal: [{ source: 'orders.csv' }] }] });
    const large = await upload(place, `${csv}${'x'.repeat(2000)}`);
    expect({ status: large.status, code: large.json()['code'] }).toEqual({ status: 413, code: 'too-large' });
    const other = await upload(place, 'a,b\n1,2\n');
    expect({ status: other.status, code: other.json()['code'] }).toEqual({ status: 409, code: 'bad-header' });
  });

  test('a sample goes on where it ended', async () => {
    const place = await openPlace(await open());
    const as = await place.token(ops);
    const sample = (body: object) =>
      place.ask('/api/v1/transactions/sample', { method: 'POST', as, body: JSON.stringify(body) });
    const [one, two] = [await sample({ count: 3, seed: 'x' }), await sample({ count: 2, seed: 'x', partner: 'bolt' })];
    expect([one.json()['added'], two.json()['added'], two.json()['first']]).toEqual([
      3,
      2,
      Number(one.json()['last']) + 1,
    ]);
    expect((await sample({ partner: 'none' })).json()).toMatchObject({ status: 400, object: 'partner' });
    expect((await sample({ count: 10_001 })).json()).toMatchObject({ status: 400, object: 'count' });
  });
});
