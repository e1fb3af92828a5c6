import { expect, test } from 'vitest';
import type { Scope } from '../../src/web/people/may.ts';
import { mayEver } from '../../src/web/people/may.ts';
import { makeGateState } from '../../src/web/people/gate.ts';
import type { Route } from '../../src/web/route.ts';
import { allRoutes } from '../../src/web/start-web.ts';
import { describeStores } from '../stores.ts';
import { openPlace, type PlaceOfWeb } from './place.ts';

/** What is for everybody. Whoever adds to it decides that it holds nothing of anybody. */
const open = [
  'get /',
  'get /api/v1/',
  'get /assets/console-….css',
  'get /assets/console-….js',
  'get /healthz',
  'get /metrics',
  'get /openapi.json',
  'get /plain.css',
  'get /readyz',
  'get /sign-in',
  'get /sign-in/:proof',
  'post /sign-in',
  'post /sign-in/:proof',
];

const routesOf = ({ ctx }: PlaceOfWeb) => {
  const metrics = { contentType: '', text: () => Promise.resolve(''), close: () => undefined };
  return allRoutes(ctx, { metrics, readiness: () => Promise.resolve([]) }, makeGateState());
};

const scopes: Scope[] = [
  { role: 'ops' },
  { role: 'advertiser', eventTypes: [] },
  { role: 'partner', partners: [], feeds: [] },
];

describeStores('all routes', (openStore) => {
  test('what is open is on a list; everything else is closed to the unknown, and to roles without the action', async () => {
    const place = await openPlace(await openStore());
    const routes = routesOf(place);
    const names = routes.map(({ method, path }) => `${method} ${path}`);
    expect(new Set(names).size, 'a route is there twice').toBe(names.length);
    const nameOf = ({ method, path }: Route) => `${method} ${path.replace(/-[0-9a-f]{12}\./, '-….')}`;
    const opened = routes.filter(({ needs }) => needs === 'open').map(nameOf);
    expect(opened.filter((name) => !open.includes(name))).toEqual([]);
    for (const route of routes.filter(({ needs }) => needs !== 'open')) {
      const where = `${route.method} ${route.path}`;
      const path = route.path.replace(/:\w+/g, '1');
      const method = route.method.toUpperCase();
      const unknown = await place.ask(path, { method });
      const toSignIn = route.face === 'page' && method === 'GET';
      expect({ where, status: unknown.status }).toEqual({ where, status: toSignIn ? 303 : 401 });
      if (toSignIn) expect(unknown.headers.get('location')).toBe('/sign-in');
      for (const scope of scopes) {
        if (route.needs === 'open' || route.needs === 'signed-in' || mayEver(scope, route.needs)) continue;
        const denied = await place.ask(path, { method, as: await place.token(scope) });
        expect({ where, role: scope.role, status: denied.status }).toEqual({ where, role: scope.role, status: 403 });
      }
    }
  });
});
