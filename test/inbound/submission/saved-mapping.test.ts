import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { suggestMapping } from '../../../src/inbound/submission/mapping.ts';
import {
  applySaved,
  columnsOf,
  madeFor,
  type MappedColumn,
  suggestFrom,
  usableField,
} from '../../../src/inbound/submission/saved-mapping.ts';
import {
  deleteMapping,
  findMappings,
  findUse,
  findUses,
  noteUse,
  saveMapping,
} from '../../../src/inbound/submission/saved-mappings.ts';
import type { Store } from '../../../src/store/store.ts';
import { describeStores } from '../../stores.ts';
import { eventType } from '../../web/place.ts';
import { makeStage } from './stage.ts';

const saved = (...pairs: [string, string | null][]): MappedColumn[] =>
  pairs.map(([column, field]) => ({ column, field }));

const weekly = saved(['Order No', 'OrderId'], ['Total', 'Amount'], ['Why', 'Reason'], ['Clerk', null]);

describe('a saved mapping on another file', () => {
  test.each<[string, string[], (string | null)[], string[], string[]]>([
    ['the same columns', ['Order No', 'Total', 'Why', 'Clerk'], ['OrderId', 'Amount', 'Reason', null], [], []],
    ['in another order', ['Why', 'Clerk', 'Total', 'Order No'], ['Reason', null, 'Amount', 'OrderId'], [], []],
    ['written otherwise', [' order no', 'TOTAL', 'why '], ['OrderId', 'Amount', 'Reason'], [], []],
    ['a new column', ['Order No', 'Total', 'Why', ' Shop '], ['OrderId', 'Amount', 'Reason', null], [], ['Shop']],
    ['one that is gone', ['Order No', 'Why'], ['OrderId', 'Reason'], ['Total'], []],
    ['only what is left out is gone', ['Order No', 'Total', 'Why'], ['OrderId', 'Amount', 'Reason'], [], []],
    ['a column that is there twice', ['Order No', 'Order No'], ['OrderId', null], ['Total', 'Why'], ['Order No']],
  ])('%s', (_, header, mapping, missing, added) => {
    expect(applySaved(weekly, header, 'modification')).toEqual({ mapping, missing, added });
  });

  test('two columns of one name stay two', () => {
    const twice = saved(['Ref', 'OrderId'], ['Ref', null], ['Ref', 'Amount']);
    expect(applySaved(twice, ['ref', 'REF', 'Ref'], 'modification').mapping).toEqual(['OrderId', null, 'Amount']);
  });

  test('what it was made for it gives back, whatever the names', () => {
    const cells = fc.array(fc.tuple(fc.string(), fc.constantFrom('OrderId', 'Amount', 'Sku3', null)), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(cells, (pairs) => {
        const [header, mapping] = [pairs.map(([name]) => name), pairs.map(([, field]) => field)];
        const columns = columnsOf(header, mapping);
        expect(applySaved(columns, header, 'modification')).toEqual({ mapping, missing: [], added: [] });
        expect(madeFor([{ columns }], header.toReversed())).toEqual({ columns });
      }),
    );
  });

  test('a field that is not one of the kind is not imported', () => {
    expect(usableField('Sku2', 'x', 'modification')).toBe('Sku2');
    expect(usableField('Sku2', 'x', 'conversion')).toBeNull();
    expect(usableField('Evil', 'x', 'modification')).toBeNull();
    expect(usableField('clerk', ' Clerk ', 'conversion')).toBe('Clerk');
    expect(usableField('Clerk', 'Colour', 'conversion')).toBeNull();
    expect(usableField('', '', 'conversion')).toBeNull();
  });

  test('by itself only the newest one is used that was made for exactly these columns', () => {
    const newer = { name: 'newer', columns: weekly };
    const older = { name: 'older', columns: weekly.toReversed() };
    const other = { name: 'other', columns: weekly.slice(1) };
    const header = ['clerk', 'why', 'total', 'order no'];
    expect(madeFor([other, newer, older], header)).toBe(newer);
    expect(madeFor([other, newer], [...header, 'total'])).toBeUndefined();
    expect(madeFor([newer], header.slice(1))).toBeUndefined();
  });
});

describe('suggestions', () => {
  const header = ['Order No', 'Total', 'Why', 'Clerk'];

  test('without earlier files are those of the headers', () => {
    expect(suggestFrom(header, 'modification', [])).toEqual(suggestMapping(header, 'modification'));
  });

  test('follow the newest earlier file that had a column of the name, also in leaving it out', () => {
    const older = saved(['Why', 'Reason'], ['Total', 'Amount'], ['Clerk', 'OldText']);
    const newer = saved(['total', null], ['Shop', 'Category']);
    expect(suggestFrom(header, 'modification', [newer, older])).toEqual(['OrderId', null, 'Reason', null]);
  });

  test('give each field once, to the column that had it before', () => {
    const earlier = [saved(['Clerk', 'OrderId'])];
    expect(suggestFrom(header, 'modification', earlier)).toEqual([null, 'Amount', null, 'OrderId']);
  });
});

describeStores('mappings that are kept', (open) => {
  const base = { eventTypeId: 4521, kind: 'modification', columns: weekly, savedBy: 'a', savedAt: 1 } as const;
  const keep = (store: Store, name: string, more: object = {}) => saveMapping(store, { ...base, name, ...more });

  test('are found by event type and kind, replaced by name, and deleted', async () => {
    const store = await open();
    const first = await keep(store, 'weekly');
    await keep(store, 'weekly', { kind: 'conversion' });
    await keep(store, 'weekly', { eventTypeId: 4522 });
    const again = await keep(store, 'weekly', { columns: weekly.slice(1), savedBy: 'b', savedAt: 3 });
    expect(again).toEqual({ ...first, columns: weekly.slice(1), savedBy: 'b', savedAt: 3 });
    await keep(store, 'monthly', { savedAt: 2 });
    const own = await findMappings(store.read, { eventTypeId: 4521, kind: 'modification' });
    expect(own.map(({ name }) => name)).toEqual(['weekly', 'monthly']);
    expect(await findMappings(store.read, { eventTypeIds: [4522] })).toHaveLength(1);
    expect(await findMappings(store.read, { eventTypeIds: [] })).toEqual([]);
    expect([await deleteMapping(store, first.id), await deleteMapping(store, first.id)]).toEqual([true, false]);
    expect(await findMappings(store.read)).toHaveLength(3);
  });

  test('are at most 200 of a kind; one of these can still be replaced', async () => {
    const store = await open();
    const row = (n: number) => ({ ...{ event_type: 4521, kind: 'modification', name: `m${n}`, columns: '[]' } });
    const rows = Array.from({ length: 200 }, (_, n) => ({ ...row(n), saved_by: 'a', saved_at: 1 }));
    await store.write(({ knex }) => knex('saved_mappings').insert(rows));
    await expect(keep(store, 'one more')).rejects.toMatchObject({ code: 'too-many-mappings', next: 'refuse' });
    expect(await keep(store, 'm7')).toMatchObject({ columns: weekly });
    expect(await keep(store, 'new orders', { kind: 'conversion' })).toMatchObject({ kind: 'conversion' });
  });

  test('of what was used the newest 50 of a kind are kept', async () => {
    const stage = await makeStage(await open(), []);
    const { id } = await stage.accept('OrderId\nA');
    const one = (await stage.store.read('submissions').where({ id }).first()) as Record<string, unknown>;
    const { id: _, ...copy } = one;
    const rows = Array.from({ length: 60 }, () => ({ ...copy, check_only: true }));
    await stage.store.write(({ knex }) => knex('submissions').insert(rows));
    const use = { eventTypeId: eventType(4521).id, kind: 'modification', columns: weekly } as const;
    await noteUse(stage.store, { ...use, submissionId: id, kind: 'conversion' });
    for (let n = 1; n <= 60; n++) await noteUse(stage.store, { ...use, submissionId: id + n });
    const kept = await findUses(stage.store.read, 4521, 'modification');
    expect(kept.map(({ submissionId }) => submissionId - id)).toEqual(Array.from({ length: 50 }, (_, n) => 60 - n));
    expect(await findUse(stage.store.read, id + 60)).toMatchObject({ columns: weekly });
    expect(await findUse(stage.store.read, id + 10)).toBeUndefined();
    expect(await findUses(stage.store.read, 4521, 'conversion')).toHaveLength(1);
  });
});
