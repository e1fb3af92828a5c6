import type { Store } from './store.ts';

/** The database's own random id (migration 0007): a copy or a restored backup has it too, a new database another one. */
export const databaseId = async ({ read }: Pick<Store, 'read'>): Promise<string> => {
  const row = (await read('database_identity').first('id')) as { id: unknown } | undefined;
  if (!row) throw new Error('the database has no id');
  return String(row.id);
};
