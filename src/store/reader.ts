import Database from 'better-sqlite3';
import pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import type { StoreAddress } from './store.ts';

export type Parameter = string | number;

/**
 * A read-only connection of one's own, for another thread or a long read. It sees one snapshot of the database, opened
 * once. Statements are written with `?`. Integers come as numbers (cast those that may pass 2^53 to text in SQL); on
 * PostgreSQL every value comes as text.
 */
export interface Reader {
  /** Opens the snapshot: with `token`, on PostgreSQL, exactly that of another reader. Resolves to a token for others. */
  openSnapshot(token?: string): Promise<string>;
  rows(sql: string, parameters: readonly Parameter[]): Promise<unknown[][]>;
  close(): Promise<void>;
}

export const openReader = (address: StoreAddress): Promise<Reader> =>
  address.kind === 'sqlite' ? Promise.resolve(sqliteReader(address.file)) : postgresReader(address.url);

/** A reader goes through the tables once, in order: what it has read it does not need again. */
const sqliteCacheKiB = 4096;

const sqliteReader = (file: string): Reader => {
  const db = new Database(file, { readonly: true, timeout: 5000 });
  db.pragma(`cache_size = -${sqliteCacheKiB}`);
  const prepared = new Map<string, Database.Statement<Parameter[], unknown[]>>();
  const prepare = (sql: string) => {
    const statement = db.prepare<Parameter[], unknown[]>(sql).raw(true);
    prepared.set(sql, statement);
    return statement;
  };
  return {
    openSnapshot: () => {
      db.exec('BEGIN');
      // BEGIN alone takes no snapshot; the first read does.
      db.prepare('select 1 from journal limit 1').get();
      return Promise.resolve('');
    },
    rows: (sql, parameters) => Promise.resolve((prepared.get(sql) ?? prepare(sql)).all(...parameters)),
    close: () => Promise.resolve(void db.close()),
  };
};

/** COPY takes no parameters: numbers stand as they are, texts as quoted literals. A `?` within quotes is a text's own. */
const withLiterals = (client: pg.Client, sql: string, parameters: readonly Parameter[]): string => {
  let next = 0;
  return sql.replaceAll(/'(?:[^']|'')*'|"[^"]*"|\?/g, (found) => {
    if (found !== '?') return found;
    const value = parameters[next++] ?? '';
    return typeof value === 'number' ? String(value) : client.escapeLiteral(value);
  });
};

const escapes: Record<string, string> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };
const unescape = (text: string): string => text.replace(/\\(.)/gs, (_, letter: string) => escapes[letter] ?? letter);

/** A line of COPY's text format: tab between values, `\N` for null, a backslash before what is special. */
const parseLine = (line: string): (string | null)[] => {
  const values: (string | null)[] = line.split('\t');
  if (!line.includes('\\')) return values;
  return values.map((value) => (value === '\\N' || value === null ? null : unescape(value)));
};

/** Rows through COPY, which costs about half of a cursor's CPU here: one text, split natively. */
const copyRows = async (client: pg.Client, sql: string): Promise<unknown[][]> => {
  const chunks: Buffer[] = [];
  for await (const chunk of client.query(copyTo(`copy (${sql}) to stdout`))) chunks.push(chunk as Buffer);
  const lines = Buffer.concat(chunks).toString('utf8').split('\n');
  lines.pop();
  return lines.map(parseLine);
};

const postgresReader = async (url: string): Promise<Reader> => {
  const client = new pg.Client({ connectionString: url, application_name: 'nightdrop reader' });
  // A lost connection also rejects the query under way; without a listener it would end the process.
  client.on('error', () => undefined);
  await client.connect();
  return {
    openSnapshot: async (token) => {
      await client.query('begin transaction isolation level repeatable read read only');
      if (token !== undefined) await client.query(`set transaction snapshot ${client.escapeLiteral(token)}`);
      const { rows } = await client.query<{ token: string }>('select pg_export_snapshot() as token');
      return rows[0]?.token ?? '';
    },
    rows: (sql, parameters) => copyRows(client, withLiterals(client, sql, parameters)),
    close: () => client.end(),
  };
};
