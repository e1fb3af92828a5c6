import { expect, test } from 'vitest';
import { applyQueued } from '../../src/inbound/submission/apply-queue.ts';
import { int, type Row } from '../../src/store/store.ts';
import { templates, templateText } from '../../src/web/templates.ts';
import { addTransactions } from '../feeds.ts';
import { describeStores } from '../stores.ts';
import { customer, setStage } from './api/stage.ts';
import { type As, eventType, openPlace, type PlaceOfWeb } from './place.ts';

const advertiser = { role: 'advertiser', eventTypes: [4521] } as const;

const applyAll = ({ store, spool }: PlaceOfWeb) =>
  applyQueued({ store, spool }, eventType(4521), { signal: new AbortController().signal });

/** Uploads a file, has it applied, and resolves to where it stands. */
const submitted = async (place: PlaceOfWeb, as: As, text: string): Promise<string> => {
  const path = '/api/v1/submissions?eventType=4521&fileName=file.csv';
  const { id } = (await place.ask(path, { method: 'POST', as, body: text })).json<{ id: number }>();
  await applyAll(place);
  return `/api/v1/submissions/${id}`;
};

describeStores('personal data', (open) => {
  test('a file is given back as it came, and its result adds nothing of what the ledger knows of a customer', async () => {
    const place = await openPlace(await open());
    const orders = ['ORDER-1001', 'ORDER-1002', 'ORDER-1003', 'ORDER-2001', 'ORDER-2101'];
    const known = orders.map((order_id) => ({ ...customer, event_type: 4521, order_id, currency: 'USD' }));
    await addTransactions(place.store, known);
    const as = await place.token(advertiser);
    for (const template of templates) {
      const text = templateText(template, eventType(4521));
      const path = await submitted(place, as, text);
      const get = async (rest: string) => (await place.ask(`${path}${rest}`, { as })).text;
      expect(await get('/original')).toBe(text.slice(1)); // reading an answer as text leaves the byte order mark out
      const told = [await get('/result'), await get('/rows'), await get('')];
      const page = await place.ask(path.replace('/api/v1', ''), { as });
      expect(page.status).toBe(200);
      expect([...told, page.text].join('\n'), template.name).not.toContain('planted');
    }
    const [{ n } = { n: 0 }] = (await place.store.read('submission_rows').count({ n: '*' })) as Row[];
    expect(int(n)).toBeGreaterThanOrEqual(templates.length);
  });

  test('how a mail came is shown to ops only, and its sender masked to others', async () => {
    const place = await openPlace(await open());
    const { mine } = await setStage(place);
    await place.store.write(async ({ knex }) => {
      const evidence = {
        headerFrom: ['planted.head@brand.example'],
        spf: 'pass',
        dkim: null,
        dmarc: null,
        reasons: [],
      };
      const mail = { received_at: 1, peer: '192.0.2.7', helo: 'planted.host', envelope_from: 'planted@brand.example' };
      const row = { ...mail, spool: 'x', bytes: 1, sha256: '', evidence: JSON.stringify(evidence), logged_at: 1 };
      const [{ id } = { id: 0 }] = (await knex('messages').insert(row, ['id'])) as { id: unknown }[];
      const part = { message_id: int(id), recipient: 'sale-4521@files.nightdrop.example', part: '1' };
      await knex('submissions').where({ id: mine.submission }).update(part);
    });
    const page = async (as: As) => (await place.ask(`/submissions/${mine.submission}`, { as })).text;
    const full = await page(await place.token({ role: 'ops' }));
    for (const word of ['planted@brand.example', 'planted.head@brand.example', 'planted.host', '192.0.2.7'])
      expect(full).toContain(word);
    const masked = await page(await place.token(advertiser));
    expect(masked).toContain('p…@brand.example');
    expect(masked).not.toMatch(/planted|192\.0\.2\.7|Envelope/);
  });

  test('who sees senders masked cannot find out by a filter what they are', async () => {
    const place = await openPlace(await open());
    const { mine } = await setStage(place);
    const found = async (as: As, sender: string) => {
      const query = new URLSearchParams({ sender }).toString();
      const { items } = (await place.ask(`/api/v1/submissions?${query}`, { as })).json<{ items: { id: number }[] }>();
      const page = (await place.ask(`/submissions?${query}`, { as })).text;
      const ids = items.map(({ id }) => id);
      expect(page.includes(`"/submissions/${mine.submission}"`), 'page and API').toBe(ids.includes(mine.submission));
      return ids;
    };
    const [ops, own] = [await place.token({ role: 'ops' }), await place.token(advertiser)];
    expect(await found(ops, 'planted@brand.example')).toContain(mine.submission);
    expect(await found(ops, 'pxanted@brand.example')).toEqual([]);
    for (const sender of ['planted@brand.example', 'pxanted@brand.example', 'p…@brand.example'])
      expect(await found(own, sender)).toEqual([mine.submission]);
    for (const sender of ['q@brand.example', 'p@other.example', '%@brand.example', 'p@brand_example'])
      expect(await found(own, sender)).toEqual([]);
  });
});
