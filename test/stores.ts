import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, describe, inject } from 'vitest';
import type { Clock } from '../src/clock.ts';
import { openStore } from '../src/store/open-store.ts';
import type { Store } from '../src/store/store.ts';

export type StoreKind = 'sqlite' | 'postgres';

/** Runs one statement on the server itself, beside all tests' databases. */
const onServer = async (url: string, sql: string): Promise<void> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(sql).finally(() => client.end());
};

/** A fresh database with the newest schema and nothing in it: its URL, and what removes it. */
export const freshDatabase = async (kind: StoreKind): Promise<{ url: string; remove(): Promise<void> }> => {
  if (kind === 'sqlite') {
    const folder = mkdtempSync(join(tmpdir(), 'nightdrop-db-'));
    copyFileSync(inject('sqlite'), join(folder, 'nightdrop.db'));
    const remove = () => Promise.resolve(rmSync(folder, { recursive: true, force: true }));
    return { url: `sqlite:${join(folder, 'nightdrop.db')}`, remove };
  }
  const server = inject('postgres');
  if ('missing' in server) throw new Error(server.missing);
  const name = `nd_${randomBytes(6).toString('hex')}`;
  await onServer(server.url, `create database ${name} template nd_template`);
  const url = server.url.replace(/\/postgres$/, `/${name}`);
  return { url, remove: () => onServer(server.url, `drop database if exists ${name} with (force)`) };
};

/**
 * The same tests on SQLite and on PostgreSQL. `open` gives a fresh store with the newest schema; all are closed and
 * removed after each test.
 */
export const describeStores = (
  title: string,
  body: (open: (clock?: Clock) => Promise<Store>, kind: StoreKind) => void,
): void => {
  for (const kind of ['sqlite', 'postgres'] as const) {
    const missing = kind === 'postgres' && 'missing' in inject('postgres');
    describe.skipIf(missing)(`${title} on ${kind === 'sqlite' ? 'SQLite' : 'PostgreSQL'}`, () => {
      const cleanup: (() => Promise<void>)[] = [];
      afterEach(async () => {
        for (const step of cleanup.splice(0).reverse()) await step();
      });
      body(async (clock) => {
        const database = await freshDatabase(kind);
        cleanup.push(database.remove);
        const store = await openStore(database.url, '/', clock);
        cleanup.push(() => store.close());
        return store;
      }, kind);
    });
  }
};
