import { expect, test } from 'vitest';
import { endpoints } from '../../../src/web/api/api.ts';
import { findDeeds } from '../../../src/web/people/audit.ts';
import { putPerson } from '../../../src/web/people/people.ts';
import { createToken } from '../../../src/web/people/tokens.ts';
import { describeStores } from '../../stores.ts';
import { type As, openPlace, type PlaceOfWeb } from '../place.ts';
import { type Case, cases, nobody, type Owned, type Role } from './cases.ts';
import { setStage } from './stage.ts';

const all: readonly Role[] = ['ops', 'advertiser', 'partner'];

const scopes = {
  ops: { role: 'ops' },
  advertiser: { role: 'advertiser', eventTypes: [4521] },
  partner: { role: 'partner', partners: ['acme'], feeds: [] },
} as const;

const asking =
  (place: PlaceOfWeb) =>
  (key: string, { path, body }: Case, owned: Owned, as: As) => {
    const method = key.split(' ')[0]?.toUpperCase() ?? 'GET';
    return place.ask(`/api/v1${path(owned)}`, { method, as, ...(body === undefined ? {} : { body }) });
  };

/** What of somebody else's, or of a person, must never be in an answer. */
const foreign: Record<Role, RegExp> = {
  ops: /never shown/,
  advertiser: /4522|bolt|planted/,
  partner: /bolt|4522|planted(?! error)/,
};

describeStores('every route and every role', (open) => {
  test('who is unknown is 401, who may not is 403, what is somebody else’s is 404 as if it were not there', async () => {
    const place = await openPlace(await open());
    const stage = await setStage(place);
    const made = await createToken(place.store, { name: 'old', scope: { role: 'ops' }, lasts: 1, now: 1 });
    const named = {
      person: (await putPerson(place.store, 'kim@brand.example', scopes.advertiser, 1)).id,
      token: made.token.id,
    };
    const [mine, theirs] = [
      { ...stage.mine, ...named },
      { ...stage.theirs, ...named },
    ];
    const ask = asking(place);
    const told = endpoints(place.ctx).map((one) => `${one.told.method} ${one.told.path}`);
    expect(told.sort()).toEqual(Object.keys(cases).sort());
    for (const [key, one] of Object.entries(cases)) {
      const unknown = await ask(key, one, mine, undefined);
      // A request of nobody's that writes is not even asked who it is from when no page of ours sent it.
      expect(unknown.status, key).toBe(401);
      expect(unknown.headers.get('content-type')).toBe('application/problem+json');
      for (const role of all) {
        const as = await place.token(scopes[role]);
        if (!one.who.includes(role)) {
          for (const owned of [mine, theirs, nobody]) {
            const denied = await ask(key, one, owned, as);
            expect({ key, role, status: denied.status, code: denied.json()['code'] }).toEqual({
              ...{ key, role, status: 403, code: 'not-allowed' },
            });
          }
          continue;
        }
        if (one.one && role !== 'ops') {
          const [other, none] = [await ask(key, one, theirs, as), await ask(key, one, nobody, as)];
          expect({ key, role, status: other.status }).toEqual({ key, role, status: 404 });
          expect(other.text).toBe(none.text);
        }
        const answer = await ask(key, one, mine, as);
        const repeated = one.refused || (role === 'ops' && key.startsWith('post')) ? [409] : [];
        // Ops were here before, and what they deleted is gone.
        const gone = role === 'advertiser' && key.startsWith('delete') ? [404] : [];
        expect([200, 201, 202, ...repeated, ...gone], `${key} as ${role}: ${answer.text}`).toContain(answer.status);
        expect(answer.text, `${key} as ${role}`).not.toMatch(foreign[role]);
      }
    }
  });

  test('lists of what is nobody’s and of theirs are the same for those who may see neither', async () => {
    const place = await openPlace(await open());
    const { mine, theirs } = await setStage(place);
    const as = await place.token(scopes.advertiser);
    const asPartner = await place.token(scopes.partner);
    const list = async (path: string, who: As) => (await place.ask(`/api/v1${path}`, { as: who })).text;
    expect(await list(`/transactions?orderId=${theirs.order}`, as)).toBe(await list('/transactions?orderId=NONE', as));
    expect(await list(`/submissions?eventType=${theirs.eventType}`, as)).toBe('{"items":[],"next":null}');
    expect(await list(`/batches?feed=${theirs.feed}`, asPartner)).toBe('{"items":[],"next":null}');
    expect(await list(`/deliveries?batch=${theirs.batch}`, asPartner)).toBe('{"items":[],"next":null}');
    expect(await list(`/trace?orderId=${theirs.order}`, asPartner)).toBe('{"items":[],"next":null}');
    expect(await list(`/deliveries?batch=${mine.batch}`, asPartner)).toContain('acme_1.csv');
  });

  test('what writes is on the audit list, what was refused too, and downloads', async () => {
    const place = await openPlace(await open());
    const { mine } = await setStage(place);
    const as = await place.token(scopes.ops);
    const partner = await place.token(scopes.partner);
    const settle = (who: As) =>
      place.ask(`/api/v1/deliveries/${mine.delivery}/settle`, { method: 'POST', as: who, body: '{"reason":"mailed"}' });
    expect((await settle(partner)).status).toBe(403);
    expect((await settle(as)).status).toBe(200);
    expect((await settle(as)).status).toBe(409);
    await place.ask(`/api/v1/batches/${mine.batch}/file`, { as: partner });
    const deeds = await findDeeds(place.store.read, {}, {});
    const name = `delivery ${mine.delivery}`;
    expect(deeds.map(({ action, object, outcome }) => ({ action, object, outcome }))).toEqual([
      { action: 'deliveries.settle', object: `/api/v1/deliveries/${mine.delivery}/settle`, outcome: 'not-allowed' },
      { action: 'deliveries.settle', object: name, outcome: 'done' },
      { action: 'deliveries.settle', object: name, outcome: 'is-settled' },
      { action: 'batches.download', object: `batch ${mine.batch}`, outcome: 'done' },
    ]);
    expect(deeds[0]).toMatchObject({ by: 'token', from: '127.0.0.1' });
    expect(deeds[0]?.who).toMatch(/^partner \([0-9a-f]{16}\)$/);
  });
});
