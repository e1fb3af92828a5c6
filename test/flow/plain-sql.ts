import BetterSqlite3 from 'better-sqlite3';
import pg from 'pg';

/** Asks the database with the bare driver, so that nothing of the product stands between the checker and the truth. */
export const ask = async <Row extends object>(url: string, sql: string): Promise<Row[]> => {
  if (url.startsWith('sqlite:')) {
    const db = new BetterSqlite3(url.slice('sqlite:'.length), { readonly: true, timeout: 10_000 });
    try {
      return db.prepare(sql).all() as Row[];
    } finally {
      db.close();
    }
  }
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
};
