import { stat } from 'node:fs/promises';
import type { Knex } from 'knex';
import { Fault } from '../../fault.ts';
import type { Spool } from '../../store/spool.ts';
import { int, type Writer } from '../../store/store.ts';
import type { Parcel } from './delivery.ts';
import type { Row } from './deliveries.ts';

const toParcel = (row: Row): Parcel => ({
  fileName: String(row['file_name']),
  spool: String(row['spool']),
  bytes: int(row['bytes']),
  sha256: String(row['sha256']),
  marker: row['kind'] === 'marker',
});

/** What a batch consists of: its own file first, then its companions in order of upload. */
export const parcelsOf = async (db: Knex, batchId: number): Promise<Parcel[]> => {
  const batch = (await db('batches').where({ id: batchId })) as Row[];
  const companions = (await db('companions').where({ batch_id: batchId }).orderBy('position')) as Row[];
  return [...batch, ...companions].map(toParcel);
};

/** The names of a split batch's further files with rows; none for most. */
export const partsOf = async (db: Knex, batchId: number): Promise<string[]> =>
  (await db('companions')
    .where({ batch_id: batchId, kind: 'part' })
    .orderBy('position')
    .pluck('file_name')) as string[];

/** Whether the batch is so old that its bytes have left the spool. */
export const isExpired = async (db: Knex, batchId: number): Promise<boolean> =>
  ((await db('batches').where({ id: batchId }).whereNotNull('expired_at')) as Row[]).length > 0;

/** As `isExpired`, inside a write: while it lasts the batch cannot expire. */
export const isExpiredNow = async ({ knex }: Writer, batchId: number): Promise<boolean> =>
  ((await knex('batches').where({ id: batchId }).forUpdate().select('expired_at')) as Row[]).some(
    (row) => row['expired_at'] !== null,
  );

/** The frozen bytes are missing or are not those of the batch. They are never rendered again in silence. */
export const spoolDamaged = (parcel: Parcel, reason: string, cause?: unknown): Fault =>
  new Fault({
    operation: 'read from the spool',
    object: parcel.fileName,
    reason,
    hint: `restore the spool file ${parcel.spool} from a backup, then release the delivery; nothing was sent`,
    next: 'hold',
    code: 'spool-damaged',
    cause,
  });

/**
 * Looks whether the spool still has the frozen bytes, by size; their digest is checked while they are read for the
 * upload, before the rename. Fault `spool-damaged` (hold).
 */
export const checkSpool = async (spool: Spool, parcels: readonly Parcel[]): Promise<void> => {
  for (const parcel of parcels) {
    const found = await stat(spool.pathOf(parcel.spool)).catch((error: unknown) => {
      throw spoolDamaged(parcel, `its bytes cannot be read (${error instanceof Error ? error.message : ''})`, error);
    });
    if (found.size !== parcel.bytes)
      throw spoolDamaged(parcel, `it has ${found.size} bytes there, ${parcel.bytes} were frozen`);
  }
};
