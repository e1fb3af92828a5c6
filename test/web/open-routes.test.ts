import { expect, test } from 'vitest';
import { openRoutes } from '../../src/web/open-routes.ts';
import type { Call } from '../../src/web/route.ts';
import { describeStores } from '../stores.ts';
import { openPlace } from './place.ts';

describeStores('what is for everybody', (open) => {
  test('is looked at once for all who ask meanwhile, and anew for the next', async () => {
    const { ctx } = await openPlace(await open());
    const looked = { readiness: 0, metrics: 0 };
    let answer: () => void = () => undefined;
    const wait = new Promise<void>((resolve) => (answer = resolve));
    const look = async <T>(what: keyof typeof looked, value: T): Promise<T> => {
      looked[what]++;
      await wait;
      return value;
    };
    const routes = openRoutes(ctx, {
      metrics: { contentType: 'text/plain', text: () => look('metrics', 'm 1'), close: () => undefined },
      readiness: () => look('readiness', [{ name: 'database', ok: true }]),
    });
    const ask = (path: string): Promise<Response> => {
      const route = routes.find((one) => one.path === path);
      if (route?.needs !== 'open') throw new Error(`no open ${path}`);
      return route.run({} as Call);
    };
    const many = Array.from({ length: 20 }, () => [ask('/readyz'), ask('/metrics')]).flat();
    answer();
    expect((await Promise.all(many)).map(({ status }) => status)).toEqual(many.map(() => 200));
    expect(looked).toEqual({ readiness: 1, metrics: 1 });
    expect(await (await ask('/metrics')).text()).toBe('m 1');
    await ask('/readyz');
    expect(looked).toEqual({ readiness: 2, metrics: 2 });
  });
});
