import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, inject, test } from 'vitest';
import { freshDatabase } from '../stores.ts';
import { ledgerCsv, makePlace, type Place } from './program.ts';
import { until } from '../until.ts';

const cleanup: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const step of cleanup.splice(0).reverse()) await step();
});

type Json = Record<string, unknown>;
const json = (text: string) => JSON.parse(text) as Json;
const list = (text: string) => JSON.parse(text) as Json[];

const keys =
  'id eventType channel sender fileName receivedAt completedAt type status check error records applied unchanged errors ' +
  'duplicateOf outcomes';

const mods = (...lines: string[]): string => ['OrderId,ActionTrackerId,Amount,Reason', ...lines, ''].join('\n');

/** A ledger that never locks while these tests run. */
const openEventType = 'currency: USD\nlocking: { daysAfterEvent: 730 }\npayout: keep\n';

for (const kind of ['sqlite', 'postgres'] as const) {
  const missing = kind === 'postgres' && 'missing' in inject('postgres');
  describe.skipIf(missing)(`submit on ${kind === 'sqlite' ? 'SQLite' : 'PostgreSQL'}`, () => {
    const makeHere = async (orders: number): Promise<Place & { file(name: string, text: string): string }> => {
      const database = kind === 'sqlite' ? undefined : await freshDatabase('postgres');
      const here = makePlace(database?.url);
      if (database) cleanup.push(database.remove);
      cleanup.push(here.remove);
      here.write('event-types/4521.yaml', openEventType);
      const file = (name: string, text: string): string => {
        writeFileSync(join(here.folder, name), text);
        return join(here.folder, name);
      };
      expect((await here.run('ledger', 'add', file('orders.csv', ledgerCsv(1, orders)))).code).toBe(0);
      return { ...here, file };
    };
    const submit = async (here: Place, file: string, ...more: string[]) => {
      const { code, stdout, stderr } = await here.run('submit', file, '--event-type', '4521', '--json', ...more);
      return { code, stderr, story: json(stdout) };
    };

    test(
      'without a service it is applied at once; the log, the two files and the trace tell of it',
      { timeout: 240_000 },
      async () => {
        const here = await makeHere(3);
        const path = here.file(
          'mods.csv',
          mods('ORDER-1,4521,5.00,ORDER_UPDATE', 'ORDER-2,4521,0,OTHER', 'ORDER-9,4521,1,OTHER'),
        );
        const dry = await submit(here, path, '--check');
        expect(dry.story).toMatchObject({ check: true, applied: 2, errors: 1, status: 'Complete' });
        expect(list((await here.run('ledger', 'show', 'ORDER-1', '--json')).stdout)).toMatchObject([
          { amount: '10.00' },
        ]);

        const { code, story } = await submit(here, path);
        expect(code).toBe(1);
        const { rows, notes, mail, ...line } = story;
        expect(Object.keys(line).join(' ')).toBe(keys);
        expect(line).toMatchObject({ id: 2, eventType: 4521, channel: 'submit', fileName: 'mods.csv', type: 'Mixed' });
        expect(line).toMatchObject({ records: 3, applied: 2, unchanged: 0, errors: 1, duplicateOf: null, error: null });
        expect(line['outcomes']).toEqual({ MODIFIED: 1, REVERSED: 1, ACTION_NOT_FOUND: 1 });
        expect(notes).toEqual([]);
        expect(mail).toBeNull();
        expect(rows).toMatchObject([
          { line: 2, orderId: 'ORDER-1', outcome: 'MODIFIED', hint: '' },
          { line: 3, orderId: 'ORDER-2', outcome: 'REVERSED', hint: '' },
          { line: 4, orderId: 'ORDER-9', outcome: 'ACTION_NOT_FOUND', message: expect.any(String) as string },
        ]);
        expect(list((await here.run('submissions', '--json')).stdout)).toHaveLength(2);
        expect(json((await here.run('submissions', 'show', '2', '--json')).stdout)).toEqual(story);
        expect((await here.run('submissions', 'original', '2')).stdout).toBe(readFileSync(path, 'utf8'));
        const result = await here.run('submissions', 'result', '2', '--out', join(here.folder, 'result.csv'), '--json');
        expect(json(result.stdout)).toEqual({
          id: 2,
          fileName: 'result_mods.csv',
          path: join(here.folder, 'result.csv'),
        });
        expect(readFileSync(join(here.folder, 'result.csv'), 'utf8').split('\r\n')).toHaveLength(5);
        const traced = list((await here.run('trace', 'ORDER-1', '--json')).stdout);
        expect(traced.map(({ what }) => what)).toEqual(['created', 'submitted', 'modified', 'submitted']);
        expect(traced[3]).toMatchObject({ submission: 2, line: 2, outcome: 'MODIFIED', fileName: 'mods.csv' });
      },
    );

    // What the program does with outcomes does not depend on the database.
    if (kind === 'sqlite') {
      test(
        'exit codes: 0 all taken, 3 a duplicate, 1 errors or a file that cannot be read, 2 wrong use',
        { timeout: 240_000 },
        async () => {
          const here = await makeHere(2);
          const good = here.file('good.csv', mods('ORDER-1,4521,5.00,OTHER'));
          expect((await submit(here, good)).code).toBe(0);
          const again = await submit(here, good);
          expect(again).toMatchObject({ code: 3, story: { status: 'Duplicate', duplicateOf: 1, records: 0 } });
          const released = await here.run('submissions', 'release', '2', '--json');
          expect(released.code).toBe(0);
          expect(json(released.stdout)).toMatchObject({ status: 'Complete', unchanged: 1, outcomes: { NO_CHANGE: 1 } });
          expect((await here.run('submissions', 'release', '2')).code).toBe(2);
          const bad = await submit(here, here.file('bad.csv', 'nothing\n'));
          expect(bad).toMatchObject({
            code: 1,
            story: { status: 'Failed', records: 0, error: expect.stringContaining('ActionId') as string },
          });
          expect((await here.run('submissions', 'result', '3')).code).toBe(2);
          expect((await here.run('submissions', 'show', '99')).code).toBe(2);
          expect((await here.run('submit', good, '--event-type', '4522')).code).toBe(2);
          expect((await here.run('submit', good)).code).toBe(2);
          expect((await here.run('submit', join(here.folder, 'none.csv'), '--event-type', '4521')).code).toBe(2);
          expect((await here.run('submit', here.folder, '--event-type', '4521')).code).toBe(2);
          expect(list((await here.run('submissions', '--status', 'Failed', '--json')).stdout)).toHaveLength(1);
          // Its older values would go over those of a later one.
          expect((await submit(here, good)).code).toBe(3);
          expect((await submit(here, here.file('later.csv', mods('ORDER-1,4521,4.00,OTHER')))).code).toBe(0);
          const overtaken = await here.run('submissions', 'release', '4', '--json');
          expect(overtaken.code).toBe(1);
          expect(json(overtaken.stdout)).toMatchObject({ error: { code: 'overtaken' } });
          const anyway = await here.run('submissions', 'release', '4', '--anyway', '--json');
          expect(json(anyway.stdout)).toMatchObject({ status: 'Complete', outcomes: { MODIFIED: 1 } });
        },
      );
    }

    test(
      'what is only accepted is applied by the service, in order; a killed one is taken over',
      { timeout: 240_000 },
      async () => {
        const here = await makeHere(3000);
        const lines = Array.from({ length: 3000 }, (_, i) => `ORDER-${i + 1},4521,5.00,OTHER`);
        const first = await submit(here, here.file('first.csv', mods(...lines)), '--no-wait');
        expect(first).toMatchObject({ code: 0, story: { status: 'Queued', records: 0, type: null } });
        await submit(here, here.file('second.csv', mods('ORDER-1,4521,7.00,OTHER')), '--no-wait');
        const positions = async () =>
          list((await here.run('submissions', '--json')).stdout).map(({ status }) => status);
        const service = here.start('serve', '--only', 'work');
        await until(
          () => service.said.stderr.includes('a submission was applied') || undefined,
          'the first is applied',
        );
        service.child.kill('SIGKILL');
        await service.ended;
        const third = await submit(here, here.file('third.csv', mods('ORDER-1,4521,0,OTHER')));
        expect(third).toMatchObject({ code: 0, story: { id: 3, outcomes: { REVERSED: 1 } } });
        expect(await positions()).toEqual(['Complete', 'Complete', 'Complete']);
        const [shown] = list((await here.run('ledger', 'show', 'ORDER-1', '--json')).stdout);
        expect((shown?.['journal'] as Json[]).map(({ amount }) => amount)).toEqual(['10.00', '5.00', '7.00', '0.00']);
        const log = list((await here.run('submissions', '--json')).stdout);
        expect(log[0]).toMatchObject({ records: 3000, applied: 3000, errors: 0 });
      },
    );
  });
}
