import { closeSync, fsync, fsyncSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import type Database from 'better-sqlite3';
import { Fault } from '../fault.ts';
import { sharedSync } from './shared-sync.ts';

const sync = promisify(fsync);

/** Whether it lasts cannot be known: to the caller it is as if the connection had been lost in the middle of a commit. */
const unsure = (file: string, cause: unknown): Fault =>
  new Fault({
    operation: 'write to the database',
    object: file,
    reason: cause instanceof Error ? cause.message : 'its log could not be synced',
    hint: 'it is tried again; look at the disk and the system log',
    next: 'retry',
    code: 'database-unreachable',
    cause,
  });

/**
 * Makes what is committed last: SQLite's log (`…-wal`) holds every commit in order, so one sync is good for all that came
 * before it. What a checkpoint has taken out of the log meanwhile, SQLite has synced by itself. Opening and closing the log
 * drops no lock of SQLite's: it locks the database and `…-shm`, never the log.
 */
export const makeSyncWal = (file: string): (() => Promise<void>) => {
  let folderSynced = false;
  return sharedSync(async () => {
    const opened: number[] = [];
    try {
      const log = openSync(`${file}-wal`, 'r');
      opened.push(log);
      await sync(log);
      if (folderSynced) return;
      const folder = openSync(dirname(file), 'r');
      opened.push(folder);
      fsyncSync(folder); // the log's name too, once
      folderSynced = true;
    } catch (error) {
      throw unsure(file, error);
    } finally {
      for (const handle of opened) closeSync(handle);
    }
  });
};

/** Runs `work`, a whole database transaction, so that its COMMIT does not wait for the disk; the caller syncs the log. */
export const withoutSync = async <T>(raw: Database.Database, work: () => Promise<T>): Promise<T> => {
  raw.pragma('synchronous = normal');
  try {
    return await work();
  } finally {
    raw.pragma('synchronous = full');
  }
};
