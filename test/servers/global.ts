import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import pg from 'pg';
import { openStore } from '../../src/store/open-store.ts';
import { startPostgres } from './postgres.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** URL of a PostgreSQL server for the whole run, or why there is none. */
    postgres: { url: string } | { missing: string };
    /** An SQLite file with the newest schema, of which each test gets a copy. */
    sqlite: string;
  }
}

/** A database on the server with the newest schema, of which each test gets a copy. */
const makeTemplate = async (url: string): Promise<void> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query('create database nd_template').finally(() => client.end());
  await (await openStore(url.replace(/\/postgres$/, '/nd_template'), '/')).close();
};

/** Once before all tests: one PostgreSQL server, in which each test makes a database of its own. */
export const setup = async (project: TestProject): Promise<() => Promise<void>> => {
  const server = await startPostgres();
  if (typeof server !== 'string') await makeTemplate(server.url);
  project.provide('postgres', typeof server === 'string' ? { missing: server } : { url: server.url });
  const folder = mkdtempSync(join(tmpdir(), 'nightdrop-template-'));
  await (await openStore('sqlite:nightdrop.db', folder)).close();
  project.provide('sqlite', join(folder, 'nightdrop.db'));
  return async () => {
    rmSync(folder, { recursive: true, force: true });
    if (typeof server !== 'string') await server.stop();
  };
};
