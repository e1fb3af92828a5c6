import { expect, test } from 'vitest';
import { fixedClock } from '../../src/clock.ts';
import { judge } from '../../src/ledger/modification.ts';
import { showOrder } from '../../src/ledger/ledger-view.ts';
import { approveLocked } from '../../src/ledger/locked.ts';
import { isDue } from '../../src/ledger/locked-rows.ts';
import { findStandings } from '../../src/ledger/standings.ts';
import { runFeed } from '../../src/outbound/feed/run.ts';
import { prove } from '../../src/outbound/feed/prove.ts';
import { openStore } from '../../src/store/open-store.ts';
import { int, rawRows, type Row, type Store } from '../../src/store/store.ts';
import { addTransactions, changeTransaction, due, makeContext, makeFeed, spooled } from '../feeds.ts';
import { eventType } from '../inbound/submission/event-type.ts';
import { describeStores } from '../stores.ts';

/** "Now" is the database's on PostgreSQL, so what is due or not is said from the real present. */
const present = Date.now();
const past = present - 60_000;
const later = present + 86_400_000;

const statuses = async (store: Store): Promise<unknown[]> =>
  store.read('transactions').orderBy('id').pluck('status') as Promise<unknown[]>;

const entriesOf = async (store: Store): Promise<Row[]> =>
  (await store.read('journal').where({ change: 'approved' }).orderBy('sequence')) as Row[];

describeStores('transactions whose locking date has passed', (open, kind) => {
  test('are approved, with a journal entry that changes nothing else; all others stay as they are', async () => {
    const store = await open();
    const [, reversed, approved] = await addTransactions(store, [
      { order_id: 'DUE', locking_date: past, customer_status: 'NEW' },
      { locking_date: past },
      { locking_date: past },
      { locking_date: later },
    ]);
    await changeTransaction(store, reversed!, {
      change: 'reversed',
      at: due,
      amount: 0,
      payout: 0,
      status: 'REVERSED',
    });
    await changeTransaction(store, approved!, {
      change: 'approved',
      at: due,
      amount: 9,
      payout: 1,
      status: 'APPROVED',
    });
    expect(await approveLocked(store, fixedClock(Date.now()))).toBe(1);
    expect(await statuses(store)).toEqual(['APPROVED', 'REVERSED', 'APPROVED', 'PENDING']);
    const [shown] = await showOrder(store, 'DUE');
    expect(shown).toMatchObject({ status: 'APPROVED', amount: '12.50', payout: '1.25' });
    expect(shown?.journal).toMatchObject([
      { change: 'created', status: 'PENDING' },
      {
        ...{ change: 'approved', amount: '12.50', delta: '0.00', payout: '1.25', status: 'APPROVED' },
        ...{ customerStatus: 'NEW', channel: 'locking', reason: null, source: null, line: null, sender: null },
      },
    ]);
    expect(await approveLocked(store, fixedClock(Date.now()))).toBe(0);
  });

  test('are approved in blocks, in the order of their locking dates', async () => {
    const store = await open();
    const dates = [past - 1, past - 3, past - 3, past - 2, past - 9, later];
    const ids = await addTransactions(
      store,
      dates.map((locking_date) => ({ locking_date })),
    );
    expect(await approveLocked(store, fixedClock(Date.now()), { blockSize: 2 })).toBe(5);
    const order = (await entriesOf(store)).map((entry) => int(entry['transaction_id']));
    expect(order).toEqual([4, 1, 2, 3, 0].map((i) => ids[i]));
    expect((await statuses(store)).at(-1)).toBe('PENDING');
  });

  test('are approved once, by however many at the same time', async () => {
    const store = await open();
    const { address } = store;
    const url = address.kind === 'sqlite' ? `sqlite:${address.file}` : address.url;
    const others = [await openStore(url, '/'), await openStore(url, '/')];
    try {
      await addTransactions(
        store,
        Array.from({ length: 60 }, () => ({ locking_date: past })),
      );
      const all = [store, ...others];
      const clock = fixedClock(Date.now());
      const counts = await Promise.all(all.map((one) => approveLocked(one, clock, { blockSize: 7 })));
      // One that passes over what another is just approving leaves it to that one, or to the next time.
      counts.push(await approveLocked(store, clock));
      expect(counts.reduce((sum, n) => sum + n, 0)).toBe(60);
      const entries = await entriesOf(store);
      expect(new Set(entries.map((entry) => String(entry['transaction_id']))).size).toBe(60);
      expect(entries).toHaveLength(60);
      expect(new Set(await statuses(store))).toEqual(new Set(['APPROVED']));
    } finally {
      for (const other of others) await other.close();
    }
  });

  test('go out once more in a feed of changes, and in a feed of new ones as they are then', async () => {
    const ctx = await makeContext(await open());
    await addTransactions(ctx.store, [
      { order_id: 'A', locking_date: past },
      { order_id: 'B', locking_date: later },
    ]);
    const columns = ['orderId', 'change', 'delta', 'status'].map((field) => ({ header: field, field }));
    const changes = makeFeed({ name: 'changes', include: 'changes' }, { columns, header: false } as object);
    const fresh = makeFeed({ name: 'fresh' }, {
      columns: columns.filter((_, i) => i % 3 === 0),
      header: false,
    } as object);
    const contentOf = async (feed: typeof fresh, at: number) => {
      const { batch } = await runFeed(ctx, feed, { due: at, kind: 'hand' });
      return batch ? (await spooled(ctx, batch)).split('\r\n').slice(0, -1) : [];
    };
    expect(await contentOf(changes, due)).toEqual(['A,created,12.50,PENDING', 'B,created,12.50,PENDING']);
    await approveLocked(ctx.store, fixedClock(Date.now()));
    expect(await contentOf(changes, due + 1)).toEqual(['A,approved,0.00,APPROVED']);
    expect(await contentOf(fresh, due)).toEqual(['A,APPROVED', 'B,PENDING']);
    expect(await contentOf(changes, due + 2)).toEqual([]);
    expect((await prove(ctx.store, ctx.spool)).ok).toBe(true);
  });

  test('are found by an index, however many wait for a later date', async () => {
    const store = await open();
    await addTransactions(store, [{ locking_date: later }]);
    const filler = `insert into transactions (id, public_id, event_type, partner, order_id, event_date, locking_date,
      created_at, currency, amount, payout, status)`;
    const row = (id: string) =>
      `${id}, 'X' || ${id}, 4521, 'acme', 'O' || ${id}, 0, ${later} + ${id}, 0, 'USD', 1, 0, 'PENDING'`;
    await store.write(async ({ knex }) => {
      const entries = 'insert into journal (transaction_id, change, at, amount, payout, status, channel)';
      const numbers =
        kind === 'sqlite'
          ? "json_each('[' || substr(replace(hex(zeroblob(1000)), '00', ',0'), 2) || ']')"
          : 'generate_series(1, 1000)';
      await knex.raw(`${entries} select -1, 'modified', 0, 1, 0, 'PENDING', 'sql' from ${numbers} n`);
      await knex.raw(`${filler} select ${row('sequence')} from journal where sequence > 1`);
    });
    if (kind === 'postgres') await store.read.raw('analyze transactions');
    const values = { ':now': '5', ':date': '0', ':id': '0', ':most': '10' };
    const wanted = Object.entries(values).reduce((sql, [name, value]) => sql.replaceAll(name, value), isDue);
    const explain = kind === 'sqlite' ? 'explain query plan' : 'explain';
    const plan = (await rawRows(store.read, `${explain} select id from transactions where ${wanted}`, []))
      .map((row) => String(row['detail'] ?? row['QUERY PLAN']))
      .join();
    expect(plan).toContain('transactions_to_lock');
    expect(plan).not.toMatch(/Seq Scan|SCAN transactions|TEMP B-TREE|Sort/);
  });
});

describeStores('the locking instant', (open) => {
  // SQLite's "now" is the clock's; on PostgreSQL the same rule is applied to the database's.
  test('is the same millisecond for the approval and for ALREADY_LOCKED', async () => {
    const clock = fixedClock(present);
    const store = await open(clock);
    for (const offset of [1, 0]) {
      const lockingDate = store.kind === 'sqlite' ? present + offset : present + (offset === 0 ? -60_000 : 86_400_000);
      const [id] = await addTransactions(store, [{ public_id: `A${offset}`, locking_date: lockingDate }]);
      const outcome = await store.write(async (writer) => {
        const wanted = { eventTypeId: 4521, transactionIds: [`A${offset}`], orderIds: [] };
        const found = (await findStandings(writer, wanted)).byTransactionId.get(`A${offset}`);
        return found && judge(found, { reason: 'ITEM_RETURNED', amount: 100n }, eventType, await writer.now()).outcome;
      });
      await approveLocked(store, clock);
      const [status] = await store.read('transactions').where({ id }).pluck('status');
      expect([offset, outcome, status]).toEqual(
        offset === 1 ? [1, 'MODIFIED', 'PENDING'] : [0, 'ALREADY_LOCKED', 'APPROVED'],
      );
    }
  });
});
