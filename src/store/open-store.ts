import { isAbsolute, join } from 'node:path';
import { type Clock, systemClock } from '../clock.ts';
import type { Store } from './store.ts';

/** `sqlite:FILE` (relative to `folder`) or `postgres://…`, opened and brought to the newest schema. */
export const openStore = async (url: string, folder: string, clock: Clock = systemClock): Promise<Store> => {
  if (!url.startsWith('sqlite:')) return (await import('./postgres.ts')).openPostgres(url);
  const file = url.slice('sqlite:'.length);
  return (await import('./sqlite.ts')).openSqlite(isAbsolute(file) ? file : join(folder, file), clock);
};
