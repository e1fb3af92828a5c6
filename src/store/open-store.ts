import { isAbsolute, join } from 'node:path';
import { type Clock, systemClock } from '../clock.ts';
import { openPostgres } from './postgres.ts';
import { openSqlite } from './sqlite.ts';
import type { Store } from './store.ts';

/** `sqlite:FILE` (relative to `folder`) or `postgres://…`, opened and brought to the newest schema. */
export const openStore = (url: string, folder: string, clock: Clock = systemClock): Promise<Store> => {
  if (!url.startsWith('sqlite:')) return openPostgres(url);
  const file = url.slice('sqlite:'.length);
  return openSqlite(isAbsolute(file) ? file : join(folder, file), clock);
};
