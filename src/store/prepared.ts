import type { Database } from 'better-sqlite3';

/** Statements that are prepared once for each connection to SQLite, at their first use. */
export const preparedOnce = <T>(prepare: (db: Database) => T): ((db: Database) => T) => {
  const prepared = new WeakMap<Database, { statements: T }>();
  return (db) => {
    let found = prepared.get(db);
    if (!found) prepared.set(db, (found = { statements: prepare(db) }));
    return found.statements;
  };
};
