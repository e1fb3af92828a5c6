import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { applySubmission } from '../../../src/inbound/submission/apply.ts';
import { findRows } from '../../../src/inbound/submission/rows.ts';
import { releaseSubmission } from '../../../src/inbound/submission/release.ts';
import { findSubmissions, newestThatApplied, nextSubmission } from '../../../src/inbound/submission/submissions.ts';
import { journalOf } from '../../../src/ledger/journal.ts';
import { int, type Store } from '../../../src/store/store.ts';
import { describeStores } from '../../stores.ts';
import { codes, makeStage, order } from './stage.ts';

const header = 'OrderId,ActionTrackerId,Amount,Reason\n';
const idOf = async (store: Store, orderId: string): Promise<number> =>
  int(
    (
      (await store.read('transactions').where({ order_id: orderId }).orderBy('id', 'desc').first('id')) as {
        id: unknown;
      }
    ).id,
  );

describeStores('a submission', (open) => {
  test('each line has the outcome that the documentation says, in the order of the checks', async () => {
    const stage = await makeStage(await open(), [
      order('A'),
      order('FREE', { amount: '0.00' }),
      order('LOCKED', { days: 31 }),
      order('ELSEWHERE', { type: 4600 }),
    ]);
    const outcomes = await stage.outcomesOf(
      'A,4521,eighty,ORDER_UPDATE',
      'A,99,eighty,ORDER_UPDATE',
      'A,99,80.00,NOPE',
      'A,,80.00,ORDER_UPDATE',
      'NOBODY,4521,80.00,NOPE',
      'ELSEWHERE,4521,80.00,ORDER_UPDATE',
      'LOCKED,4521,80.00,nope',
      'A,4521,80.00,',
      'LOCKED,4521,80.00,ORDER_UPDATE',
      'A,4521,100.00,ORDER_UPDATE',
      'A,4521,80.00,ORDER_UPDATE',
      'A,4521,80,ORDER_UPDATE',
      'A,4521,0,ITEM_RETURNED',
      'A,4521,70.00,ORDER_UPDATE',
      'A,4521,,RESET',
      'A,4521,90.00,VALIDATED',
      'A,4521,80.00,ORDER_UPDATE',
      'A,4521,,RESET',
      'A,4521,55.00,DAMAGED',
      'FREE,4521,0,ORDER_UPDATE',
      'FREE,4521,7,ORDER_UPDATE',
      'FREE,4521,0.00,ORDER_UPDATE',
      'A,4521,12.345,RESET',
    );
    expect(outcomes).toEqual([
      ...['MALFORMED', 'MALFORMED', 'INVALID_ACTION_TRACKER', 'INVALID_ACTION_TRACKER', 'ACTION_NOT_FOUND'],
      ...['ACTION_NOT_FOUND', 'BAD_DISPOSITION', 'BAD_DISPOSITION', 'ALREADY_LOCKED', 'NO_CHANGE', 'MODIFIED'],
      ...['NO_CHANGE', 'REVERSED', 'ALREADY_REVERSED', 'RESET', 'APPROVED', 'ALREADY_APPROVED', 'RESET', 'REVERSED'],
      ...['NO_CHANGE', 'MODIFIED', 'MODIFIED', 'MALFORMED'],
    ]);
    const [free] = await stage.shown('FREE');
    expect(free).toMatchObject({ amount: '0.00', status: 'PENDING' });
  });

  test('changes are in the journal with file, line and sender, and the payout follows', async () => {
    const stage = await makeStage(await open(), [order('A', { payout: '10.01' })]);
    const { id } = await stage.accept(`${header}A,4521,33.33,ORDER_UPDATE\n\nA,4521,0,ITEM_RETURNED\n`, {
      sender: 'shop@brand.example',
    });
    await stage.apply(id);
    const [shown] = await stage.shown('A');
    expect(shown).toMatchObject({ amount: '0.00', payout: '0.00', status: 'REVERSED' });
    const origin = { channel: 'submit', source: 'mods.csv', sender: 'shop@brand.example' };
    expect(shown?.journal).toMatchObject([
      { change: 'created' },
      {
        change: 'modified',
        amount: '33.33',
        delta: '-66.67',
        payout: '3.34',
        reason: 'ORDER_UPDATE',
        line: 2,
        ...origin,
      },
      { change: 'reversed', amount: '0.00', payout: '0.00', reason: 'ITEM_RETURNED', line: 4, ...origin },
    ]);
    const entries = await journalOf(stage.store, await idOf(stage.store, 'A'));
    expect(entries.at(-1)).toMatchObject({ amountBefore: 3333n, payoutBefore: 334n, statusBefore: 'PENDING' });
    expect(await stage.stand(id)).toMatchObject({ status: 'Complete', type: 'Mixed', position: 2, error: null });
  });

  test('items change by SKU, in one row or in rows of their own, and RESET brings them back', async () => {
    const twoItems = [order('I', { item: 'S1,2,60.00' }), order('I', { item: 'S2,1,40.00' })];
    const stage = await makeStage(await open(), twoItems);
    const wide = 'OrderId,ActionTrackerId,Sku1,Quantity1,Amount1,Sku2,Quantity2,Amount2,Reason\n';
    expect(codes((await stage.send(`${wide}I,4521,S2,1,25.00,,,,ITEM_RETURNED`)).rows)).toEqual(['MODIFIED']);
    expect((await stage.shown('I'))[0]).toMatchObject({ amount: '85.00', payout: '8.50' });
    const tall = 'OrderId,ActionTrackerId,Sku,Quantity,Amount,Reason\n';
    const both = await stage.send(
      `${tall}I,4521,S1,1,30.00,ITEM_RETURNED\nI,4521,S9,1,1.00,ITEM_RETURNED\nI,4521,S2,0,,ITEM_RETURNED`,
    );
    expect(codes(both.rows)).toEqual(['MODIFIED', 'MALFORMED', 'MODIFIED']);
    expect(both.rows[1]?.message).toContain('"S9"');
    const [after] = await stage.shown('I');
    expect(after).toMatchObject({
      amount: '30.00',
      items: [
        { quantity: 1, amount: '30.00' },
        { quantity: 0, amount: '0.00' },
      ],
    });
    expect(after?.journal).toHaveLength(3); // two rows of one order are one change
    // Both items to 0 in one go reverse the order; nothing is half done in between.
    const gone = await stage.send(`${tall}I,4521,S1,0,,ITEM_RETURNED\nI,4521,S2,0,0,ITEM_RETURNED`);
    expect(codes(gone.rows)).toEqual(['REVERSED', 'REVERSED']);
    expect(await stage.outcomesOf('I,4521,,RESET')).toEqual(['RESET']);
    const [again] = await stage.shown('I');
    expect(again).toMatchObject({ amount: '100.00', payout: '10.00', status: 'PENDING' });
    expect(again?.items).toMatchObject([
      { quantity: 2, amount: '60.00' },
      { quantity: 1, amount: '40.00' },
    ]);
    // The same ledger file again is still the same: it is judged by what was said when it was created.
    await stage.addOrders(twoItems);
  });

  test('a chunk is bounded by its items and its text as well as by its lines', async () => {
    const stage = await makeStage(await open(), []);
    const wide = Array.from({ length: 40 }, (_, i) => `Sku${i + 1},Quantity${i + 1}`);
    const items = wide.map((_, i) => `S${i},0`).join(',');
    const header = `OrderId,ActionTrackerId,Reason,${wide.join(',')}\n`;
    const chunksOf = async (content: string): Promise<number[]> => {
      const { id } = await stage.accept(content);
      const positions: number[] = [];
      const { store, spool, eventType } = stage;
      const progress = (lines: number) => void positions.push(lines);
      const lease = await stage.lease();
      await applySubmission({ store, spool, eventType, lease, chunkLines: 100, progress }, id);
      return positions;
    };
    expect(
      await chunksOf(header + Array.from({ length: 7 }, (_, i) => `A${i},4521,OTHER,${items}\n`).join('')),
    ).toEqual([3, 6, 7]);
    const long = 'x'.repeat(10_000);
    const lines = Array.from({ length: 5 }, (_, i) => `A${i},4521,${long}\n`).join('');
    expect(await chunksOf(`OrderId,ActionTrackerId,Reason\n${lines}`)).toEqual([2, 4, 5]);
  });

  test('one bad cell spoils its line only: an id that is too long, a sum beyond what the ledger holds', async () => {
    const stage = await makeStage(await open(), [
      order('A', { amount: '0.01', payout: '1000000.00' }),
      order('I', { item: 'S1,2,60.00' }),
      order('I', { item: 'S2,1,40.00' }),
      order('B'),
    ]);
    const lines = [
      `${'0123456789'.repeat(500)},4521,,,1,OTHER`,
      'A,4521,,,9999999999999999.99,OTHER',
      'I,4521,S1,1,9999999999999999.99,OTHER',
      'I,4521,S2,1,9999999999999999.99,OTHER',
      'B,4521,,,80.00,OTHER',
    ];
    const { rows, status } = await stage.send(
      `OrderId,ActionTrackerId,Sku,Quantity,Amount,Reason\n${lines.join('\n')}\n`,
    );
    expect(status).toBe('Complete');
    expect(codes(rows)).toEqual([...Array.from({ length: 4 }, () => 'MALFORMED'), 'MODIFIED']);
    expect(rows.slice(1, 4).map(({ message }) => message)).toEqual(
      Array.from({ length: 3 }, () => expect.stringContaining('more than 18 digits') as string),
    );
    expect((await stage.shown('I'))[0]).toMatchObject({ amount: '100.00', journal: [{ change: 'created' }] });
  });

  test('an amount is never taken for one in another currency', async () => {
    const stage = await makeStage(await open(), [
      order('Y', { amount: '1000', payout: '100', currency: 'JPY' }),
      order('K', { amount: '10.000', payout: '1.000', currency: 'BHD' }),
      order('U'),
    ]);
    const { rows } = await stage.send(
      [
        'OrderId,ActionTrackerId,CurrencyCode,Amount,Reason',
        'Y,4521,,800,OTHER',
        'Y,4521,USD,800,OTHER',
        'Y,4521,jpy,800,OTHER',
        'K,4521,BHD,1.234,OTHER',
        'U,4521,,80,OTHER',
        'Y,4521,,0.00,OTHER',
        'Y,4521,,,RESET',
      ].join('\n'),
    );
    expect(codes(rows)).toEqual(['MALFORMED', 'MALFORMED', ...Array<string>(3).fill('MODIFIED'), 'REVERSED', 'RESET']);
    expect(rows[0]).toMatchObject({
      message: 'Amount: the action is in JPY, and without CurrencyCode the amount is in USD',
      hint: 'Send the amount in JPY, with CurrencyCode JPY.',
    });
    expect((await stage.shown('K'))[0]).toMatchObject({ amount: '1.234' });
  });

  test('a SKU that is named twice counts once: the second line is refused', async () => {
    const stage = await makeStage(await open(), [
      order('I', { item: 'S1,2,60.00' }),
      order('I', { item: 'S2,1,40.00' }),
    ]);
    const tall = 'OrderId,ActionTrackerId,Sku,Quantity,Amount,Reason\n';
    const { rows } = await stage.send(`${tall}I,4521,S1,1,30.00,OTHER\nI,4521,S1,1,20.00,OTHER\nI,4521,S2,1,10,OTHER`);
    expect(codes(rows)).toEqual(['MODIFIED', 'MALFORMED', 'MODIFIED']);
    expect(rows[1]?.message).toBe('Sku: "S1" is named twice');
    expect((await stage.shown('I'))[0]).toMatchObject({ amount: '40.00' });
  });

  test('the newest action of an order wins, and an ActionId names any of them; ids must agree', async () => {
    const stage = await makeStage(await open(), [
      order('A', { id: 'X.1' }),
      order('A', { id: 'X.2' }),
      order('B', { id: 'X.3' }),
    ]);
    await stage.outcomesOf('A,4521,50.00,ORDER_UPDATE');
    expect(await stage.shown('A')).toMatchObject([{ amount: '100.00' }, { amount: '50.00' }]);
    const { rows } = await stage.send('ActionId,Amount,Reason\nX.1,60.00,ORDER_UPDATE\nX.9,1,ORDER_UPDATE');
    expect(rows).toMatchObject([
      { outcome: 'MODIFIED', orderId: 'A' },
      { outcome: 'ACTION_NOT_FOUND', orderId: null },
    ]);
    expect(await stage.shown('A')).toMatchObject([{ amount: '60.00' }, { amount: '50.00' }]);
    const scrambled = await stage.send('ActionId,OrderId,Amount,Reason\nX.3,A,1,ORDER_UPDATE\nX.3,B,1,ORDER_UPDATE');
    expect(codes(scrambled.rows)).toEqual(['ACTION_NOT_FOUND', 'MODIFIED']);
  });

  test('a dry run has the same outcomes over all its chunks, and changes nothing', async () => {
    const stage = await makeStage(await open(), [order('A'), order('I', { item: 'S1,2,60.00' })]);
    const lines = [
      'A,4521,80,ORDER_UPDATE',
      'A,4521,80,ORDER_UPDATE',
      'I,4521,0,OTHER',
      'A,4521,0,OTHER',
      'A,4521,9,OTHER',
      'I,4521,,RESET',
    ];
    const file = header + lines.join('\n');
    const checked = await stage.send(file, { check: true }, 1);
    expect(checked).toMatchObject({ status: 'Complete', check: true, duplicateOf: null });
    expect((await stage.shown('A'))[0]).toMatchObject({ amount: '100.00', journal: [{ change: 'created' }] });
    expect(await stage.store.read('check_standings')).toEqual([]);
    // A dry run never makes the real one a duplicate.
    const real = await stage.send(file, {}, 1);
    expect(codes(real.rows)).toEqual(codes(checked.rows));
    expect(codes(real.rows)).toEqual(['MODIFIED', 'NO_CHANGE', 'REVERSED', 'REVERSED', 'ALREADY_REVERSED', 'RESET']);
  });

  test('1,000 modifications of one action, over all files; NO_CHANGE does not count, RESET does', async () => {
    const stage = await makeStage(await open(), [order('A')]);
    const change = (n: number) =>
      `A,4521,${n % 2 === 0 ? '50.00' : '60.00'},ORDER_UPDATE\nA,4521,${n % 2 === 0 ? '50.00' : '60.00'},OTHER`;
    await stage.send(header + Array.from({ length: 998 }, (_, n) => change(n)).join('\n'), {}, 400);
    const last = ['A,4521,,RESET', 'A,4521,10,OTHER', 'A,4521,,RESET', 'A,4521,20,OTHER'];
    expect(await stage.outcomesOf(...last)).toEqual(['RESET', 'MODIFIED', 'MODIFICATION_LIMIT', 'MODIFICATION_LIMIT']);
    expect((await stage.shown('A'))[0]?.journal).toHaveLength(1001);
  });

  test('the same bytes again are a duplicate, until an error makes a second go worth while', async () => {
    const stage = await makeStage(await open(), [order('A')]);
    const clean = `${header}A,4521,80,ORDER_UPDATE`;
    const first = await stage.accept(clean);
    expect(await stage.accept(clean)).toMatchObject({ status: 'Duplicate', duplicateOf: first.id }); // while it waits
    await stage.apply(first.id);
    const again = await stage.accept(clean, { fileName: 'other name.csv' });
    expect(again).toMatchObject({ status: 'Duplicate', duplicateOf: first.id });
    expect(await stage.accept(clean, { eventTypeId: 4600 })).toMatchObject({ status: 'Queued' });
    await releaseSubmission(stage.store, again.id);
    await stage.apply(again.id);
    expect(codes(await findRows(stage.store.read, again.id))).toEqual(['NO_CHANGE']);
    await expect(releaseSubmission(stage.store, again.id)).rejects.toMatchObject({ code: 'not-held', next: 'refuse' });

    const faulty = `${header}A,4521,70,NEW_CODE`;
    expect(codes((await stage.send(faulty)).rows)).toEqual(['BAD_DISPOSITION']);
    expect(await stage.accept(faulty)).toMatchObject({ status: 'Queued', duplicateOf: null });
  });

  test('whether one was overtaken is asked with one row read, however many came later', async () => {
    const stage = await makeStage(await open(), [order('A')]);
    const { store } = stage;
    const held = await stage.accept(`${header}A,4521,80,ORDER_UPDATE`);
    const row = (await store.read('submissions').where({ id: held.id }).first()) as Record<string, unknown>;
    const { id: _, ...copy } = row;
    const later = (outcomes: string, more: object = {}) => ({ ...copy, status: 'Complete', outcomes, ...more });
    const quiet = [
      ...Array.from({ length: 50 }, () => later('{"NO_CHANGE":3,"ALREADY_REVERSED":1}')),
      later('{"MODIFIED":1}', { check_only: true }),
      later('{"MODIFIED":1}', { event_type: 4600 }),
    ];
    await store.write(async ({ knex }) => {
      await knex('submissions').insert(quiet);
      await knex('submissions').where({ id: held.id }).update({ status: 'Held' });
    });
    let read = 0;
    store.read.on('query-response', (rows: unknown) => (read += Array.isArray(rows) ? rows.length : 0));
    expect(await newestThatApplied(store.read, held)).toBeUndefined();
    const [, second] = ['{"CREATED":1}', '{"NO_CHANGE":1,"APPROVED":2}'].map((outcomes) => later(outcomes));
    await store.write(({ knex }) => knex('submissions').insert([later('{"CREATED":1}'), second!]));
    const newest = await newestThatApplied(store.read, held);
    expect(newest?.outcomes).toEqual({ NO_CHANGE: 1, APPROVED: 2 });
    expect(read).toBeLessThanOrEqual(1);
    await expect(releaseSubmission(store, held.id)).rejects.toMatchObject({ code: 'overtaken' });
  });

  test('one that others have overtaken is not released, unless a person says so', async () => {
    const stage = await makeStage(await open(), [order('A'), order('B')]);
    const { store } = stage;
    const first = `${header}A,4521,80,ORDER_UPDATE`;
    await stage.send(first);
    const duplicate = await stage.accept(first);
    const lost = await stage.accept(`${header}A,4521,70,ORDER_UPDATE`);
    const dry = await stage.accept(`${header}A,4521,60,ORDER_UPDATE`, { check: true });
    for (const { id, spool } of [lost, dry]) {
      const bytes = readFileSync(stage.spool.pathOf(spool));
      rmSync(stage.spool.pathOf(spool));
      expect(await stage.apply(id)).toBe('held');
      writeFileSync(stage.spool.pathOf(spool), bytes);
    }
    // What changed nothing, was a dry run or is of another event type overtakes nobody.
    await stage.send(`${header}B,4521,100.00,ORDER_UPDATE`);
    await stage.send(`${header}B,4521,99.00,ORDER_UPDATE`, { check: true });
    await releaseSubmission(store, duplicate.id);
    expect(await stage.apply(duplicate.id)).toBe('complete');
    const later = await stage.send(`${header}A,4521,90,ORDER_UPDATE`, { fileName: 'later.csv' });
    const again = releaseSubmission(store, lost.id);
    await expect(again).rejects.toMatchObject({
      ...{ code: 'overtaken', next: 'hold' },
      message: expect.stringContaining(`submission ${later.id} (later.csv)`) as string,
    });
    expect(await stage.stand(lost.id)).toMatchObject({ status: 'Held', error: expect.any(String) as string });
    await releaseSubmission(store, dry.id);
    expect(await stage.apply(dry.id)).toBe('complete');
    await releaseSubmission(store, lost.id, { anyway: true });
    await stage.apply(lost.id);
    expect((await stage.shown('A'))[0]).toMatchObject({ amount: '70.00' });
  });

  test('one that was released and held again is not released by a page that is older', async () => {
    const stage = await makeStage(await open(), [order('A')]);
    const { store } = stage;
    const one = await stage.accept(`${header}A,4521,70,ORDER_UPDATE`);
    const bytes = readFileSync(stage.spool.pathOf(one.spool));
    rmSync(stage.spool.pathOf(one.spool));
    expect(await stage.apply(one.id)).toBe('held');
    const page = (await stage.stand(one.id)).releases;
    await releaseSubmission(store, one.id, { shown: page });
    await expect(releaseSubmission(store, one.id, { shown: page })).rejects.toMatchObject({ code: 'not-held' });
    expect(await stage.apply(one.id)).toBe('held');
    const again = releaseSubmission(store, one.id, { shown: page });
    await expect(again).rejects.toMatchObject({ code: 'stale', next: 'refuse', hint: 'look at it anew' });
    expect(await stage.stand(one.id)).toMatchObject({ status: 'Held', releases: page + 1 });
    writeFileSync(stage.spool.pathOf(one.spool), bytes);
    await releaseSubmission(store, one.id, { shown: page + 1 });
    expect(await stage.apply(one.id)).toBe('complete');
  });

  test('a file that is wrong as a whole fails with one sentence and no records', async () => {
    const stage = await makeStage(await open(), [order('A')]);
    const failed = async (content: string | Buffer, fileName = 'mods.csv') => {
      const found = await stage.send(content, { fileName });
      expect(found).toMatchObject({ status: 'Failed', rows: [], position: 0, outcomes: {} });
      return found.error;
    };
    expect(await failed('')).toContain('it is empty');
    expect(await failed('OrderId,Amount,Reason\nA,1,OTHER')).toContain('lacks the column ActionTrackerId');
    expect(await failed('OrderId,ActionTrackerId,Amount\nA,4521,1')).toContain('lacks the column Reason');
    expect(await failed('OrderId,Oid,ActionTrackerId,Reason\nA,A,4521,OTHER')).toContain(
      'OrderId and Oid mean the same',
    );
    expect(await failed(Buffer.from([0x83, 0x65, 0x81, 0x5b]))).toContain('neither UTF-8 nor Windows-1252');
    expect(await failed('x', 'mods.xlsx')).toContain('does not end in .csv');
    const none = await stage.send(header);
    expect(none).toMatchObject({ status: 'Complete', outcomes: {}, rows: [] });
  });

  test('the result file has the columns as they came, then line, outcome, message and hint', async () => {
    const stage = await makeStage(await open(), [order('A')]);
    const file =
      '\ufeffOID;ActionTrackerId;Amount;Reason;Own\r\n"A";4521;80.00;ORDER_UPDATE;"a ""b"""\r\n;;;;\r\nB;4521;1;OTHER;"x\r\ny"\r\nC;4521;1\r\n';
    const done = await stage.send(file);
    const lines = (await stage.result(done)).split(/\r\n(?=A|B|C|$)/);
    expect(lines).toEqual([
      '\ufeffOID;ActionTrackerId;Amount;Reason;Own;line;outcome;message;hint',
      'A;4521;80.00;ORDER_UPDATE;"a ""b""";2;MODIFIED;The action was modified.;',
      expect.stringMatching(/^B;4521;1;OTHER;"x\r\ny";4;ACTION_NOT_FOUND;There is no such action/),
      expect.stringMatching(/^C;4521;1;;;6;MALFORMED;The line cannot be read: the row has another number/),
      '',
    ]);
    // Sent again as it is, the result file is a file of modifications like any other; the torn line now has all columns.
    const again = await stage.send(await stage.result(done));
    expect(codes(again.rows)).toEqual(['NO_CHANGE', 'ACTION_NOT_FOUND', 'ACTION_NOT_FOUND']);
    expect((await stage.result(again)).split('\r\n')[0]).toBe(lines[0]);
  });

  test('bytes that changed in the spool, or are gone, are held for a person', async () => {
    const stage = await makeStage(await open(), [order('A')]);
    const { id, spool } = await stage.accept(`${header}A,4521,80,ORDER_UPDATE`);
    rmSync(stage.spool.pathOf(spool));
    expect(await stage.apply(id)).toBe('held');
    expect(await stage.stand(id)).toMatchObject({
      status: 'Held',
      error: expect.stringContaining('does not exist') as string,
    });
    expect(await nextSubmission(stage.store.read, 4521)).toBeUndefined();
    expect((await findSubmissions(stage.store.read, { status: 'Held' })).map((one) => one.id)).toEqual([id]);
    await releaseSubmission(stage.store, id);
    expect(await nextSubmission(stage.store.read, 4521)).toMatchObject({ id, status: 'Queued' });
  });

  test('locked from the very millisecond on, by the clock of the chunk', async () => {
    const clock = { now: () => 0 };
    const store = await open(clock);
    const stage = await makeStage(store, [order('A')]);
    if (store.kind === 'postgres') {
      // There the clock is the database's: what has passed is locked, what comes in a minute is not.
      const lockAt = (ms: string) =>
        store.read.raw(
          `update transactions set locking_date = (extract(epoch from clock_timestamp()) * 1000)::bigint + ${ms}`,
        );
      await lockAt('0');
      expect(await stage.outcomesOf('A,4521,1,OTHER')).toEqual(['ALREADY_LOCKED']);
      await lockAt('60000');
      expect(await stage.outcomesOf('A,4521,1,OTHER')).toEqual(['MODIFIED']);
      return;
    }
    const { id } = await stage.accept(`${header}A,4521,1,OTHER`);
    const [locking] = (await store.read('transactions').pluck('locking_date')) as unknown[];
    clock.now = () => int(locking) - 1;
    const before = await stage.accept(`${header}A,4521,2,OTHER`);
    await stage.apply(before.id);
    expect(codes(await findRows(store.read, before.id))).toEqual(['MODIFIED']);
    clock.now = () => int(locking);
    await stage.apply(id);
    expect(codes(await findRows(store.read, id))).toEqual(['ALREADY_LOCKED']);
  });
});
