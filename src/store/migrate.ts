import type { Knex } from 'knex';
import * as ledger from './migrations/0001-ledger.ts';
import * as outbound from './migrations/0002-outbound.ts';
import * as drops from './migrations/0003-drops.ts';
import * as alerts from './migrations/0004-alerts.ts';
import * as companionNames from './migrations/0005-companion-names.ts';
import * as submissions from './migrations/0006-submissions.ts';
import * as databaseIdentity from './migrations/0007-database-identity.ts';
import * as mail from './migrations/0008-mail.ts';
import * as replies from './migrations/0010-replies.ts';
import * as conversions from './migrations/0011-conversions.ts';
import * as keeping from './migrations/0012-keeping.ts';
import * as people from './migrations/0013-people.ts';
import * as lists from './migrations/0014-lists.ts';
import * as mappings from './migrations/0017-mappings.ts';
import * as holding from './migrations/0019-holding.ts';
import * as arrivals from './migrations/0020-arrivals.ts';

/** In order; a landed migration is never edited, a change is a new one at the end. */
const migrations: { name: string; up: (db: Knex) => Promise<void> }[] = [
  { name: '0001-ledger', up: ledger.up },
  { name: '0002-outbound', up: outbound.up },
  { name: '0003-drops', up: drops.up },
  { name: '0004-alerts', up: alerts.up },
  { name: '0005-companion-names', up: companionNames.up },
  { name: '0006-submissions', up: submissions.up },
  { name: '0007-database-identity', up: databaseIdentity.up },
  { name: '0008-mail', up: mail.up },
  { name: '0010-replies', up: replies.up },
  { name: '0011-conversions', up: conversions.up },
  { name: '0012-keeping', up: keeping.up },
  { name: '0013-people', up: people.up },
  { name: '0014-lists', up: lists.up },
  { name: '0017-mappings', up: mappings.up },
  { name: '0019-holding', up: holding.up },
  { name: '0020-arrivals', up: arrivals.up },
];

const source: Knex.MigrationSource<(typeof migrations)[number]> = {
  getMigrations: () => Promise.resolve(migrations),
  getMigrationName: (migration) => migration.name,
  getMigration: ({ up }) =>
    Promise.resolve({ up, down: () => Promise.reject(new Error('migrations only go forward')) }),
};

/**
 * Brings the database to the newest schema, each migration in a database transaction of its own. The caller holds a
 * lock that keeps other processes out, so a knex lock that is still set was left by a process that was killed.
 */
export const migrateUnderLock = async (db: Knex): Promise<void> => {
  const config = { migrationSource: source };
  const [, pending] = (await db.migrate.list(config)) as [unknown[], unknown[]];
  if (pending.length === 0) return;
  await db.migrate.forceFreeMigrationsLock(config);
  await db.migrate.latest(config);
};
