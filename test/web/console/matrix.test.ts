import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { describeStores } from '../../stores.ts';
import { setStage } from '../api/stage.ts';
import { type Answer, openPlace, type PlaceOfWeb } from '../place.ts';
import { somebody } from '../security/somebody.ts';
import { asked, type Case, cases, nobody, type Owned, pageRoutes, type Role, scopes } from './page-cases.ts';

const roles = Object.keys(scopes) as Role[];

/** Asks as somebody, in the way their browser does. */
const asking = (place: PlaceOfWeb) => (role: Role, key: string, one: Case) => {
  const who = somebody(place, scopes[role], `${role} ${key}`);
  return async (owned: Owned): Promise<Answer> => {
    const { cookie, formToken } = await who;
    const { path, ask } = asked(key, one, owned, formToken);
    return place.ask(path, { ...ask, headers: { Cookie: cookie, Origin: place.base } });
  };
};

/** All of an answer that somebody can look at, with what was asked for taken out. */
const looked = ({ status, text, headers }: Answer, { order, feed, eventType }: Owned): string => {
  const shown = [...headers].filter(([name]) => name !== 'date' && name !== 'content-length');
  const said = [order, feed, String(eventType)].reduce((rest, word) => rest.replaceAll(word, 'ASKED'), text);
  return JSON.stringify([status, shown, said]);
};

/** What of somebody else's must never be in an answer, nor what says who somebody is. */
const foreign: Record<Role, RegExp> = {
  ops: /never shown/,
  advertiser: /4522|bolt|acme|planted/,
  partner: /bolt|4522|planted(?! error)/,
};

/** Everything of the others', as the database has it. */
const theirThings = async ({ store }: PlaceOfWeb): Promise<string> =>
  inspect([
    await store.read('batches').where({ feed: 'bolt-nightly' }),
    await store.read('deliveries').where({ feed: 'bolt-nightly' }),
    await store.read('submissions').where({ event_type: 4522 }),
  ]);

/** What the request of a case is answered by when it is one's own. */
const statusOf = (key: string): number => {
  if (key === 'post /submissions/:id/import') return 409; // what lies there is no dry run
  return key.startsWith('post') && key !== 'post /export/download' ? 303 : 200;
};

describeStores('every page, form and role', (open) => {
  test('each page and form is in the table, and none is in it that is not there', async () => {
    const place = await openPlace(await open());
    const names = pageRoutes(place).map(({ method, path }) => `${method} ${path}`);
    expect(names.sort()).toEqual(Object.keys(cases).sort());
  });

  test('who may not is 403 whatever is asked for; what is somebody else’s is 404, and to the byte as if it were not there', async () => {
    const place = await openPlace(await open());
    const { mine, theirs } = await setStage(place);
    const before = await theirThings(place);
    const as = asking(place);
    // Signing out belongs to whoever does it: sign-in.test.ts.
    const { 'post /sign-out': _, ...others } = cases;
    for (const [key, one] of Object.entries(others))
      for (const role of ['advertiser', 'partner'] as const) {
        const ask = as(role, key, one);
        const told = { key, role };
        if (!one.who.includes(role)) {
          const answers = await Promise.all(
            [mine, theirs, nobody].map(async (owned) => looked(await ask(owned), owned)),
          );
          expect({ ...told, answers: new Set(answers).size }).toEqual({ ...told, answers: 1 });
          expect({ ...told, status: (await ask(mine)).status }).toEqual({ ...told, status: 403 });
          continue;
        }
        const [other, none] = [await ask(theirs), await ask(nobody)];
        expect({ ...told, told: looked(other, theirs) }).toEqual({ ...told, told: looked(none, nobody) });
        if (one.one) expect({ ...told, status: other.status }).toEqual({ ...told, status: 404 });
        const answer = await ask(mine);
        expect({ ...told, status: answer.status }).toEqual({ ...told, status: statusOf(key) });
        expect(answer.text, `${key} as ${role}`).not.toMatch(foreign[role]);
      }
    expect(await theirThings(place)).toBe(before);
  });

  test('who is unknown learns nothing but where to sign in', async () => {
    const place = await openPlace(await open());
    const { mine } = await setStage(place);
    for (const [key, one] of Object.entries(cases)) {
      const answers = await Promise.all(
        [mine, nobody].map(async (owned) => {
          const { path, ask } = asked(key, one, owned, '');
          return place.ask(path, ask);
        }),
      );
      expect(new Set(answers.map((answer, i) => looked(answer, i === 0 ? mine : nobody))).size, key).toBe(1);
      expect(
        answers.map(({ status }) => status),
        key,
      ).toEqual(key.startsWith('get') ? [303, 303] : [401, 401]);
    }
  });

  test('ops reach all of it, and 404 is only what is not there', async () => {
    const place = await openPlace(await open());
    const { mine, theirs } = await setStage(place);
    const as = asking(place);
    for (const [key, one] of Object.entries(cases)) {
      const ask = as('ops', key, one);
      if (one.one) expect({ key, status: (await ask(nobody)).status }).toEqual({ key, status: 404 });
      for (const owned of key === 'post /sign-out' ? [mine] : [mine, theirs]) {
        const { status } = await ask(owned);
        // Resending what was not delivered and importing what is no dry run are refused with a reason.
        expect([200, 303, 409], `${key}: ${status}`).toContain(status);
      }
    }
    expect(place.errors).toEqual([]);
    expect(roles).toHaveLength(3);
  });
});
