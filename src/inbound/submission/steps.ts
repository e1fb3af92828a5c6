import type { Knex } from 'knex';
import type { Row, Store, Writer } from '../../store/store.ts';
import { assertHeld, claimLost, type Lease } from '../../work/leases.ts';
import { isConversionFile } from './file-columns.ts';
import { type OutcomeCounts, sumsOf } from './outcome.ts';
import type { Reading } from './reading.ts';
import { type Submission, type SubmissionStatus, type SubmissionType, typeOf } from './submission.ts';
import { findSubmission } from './submissions.ts';

/** Who works on a submission, and how far it is: every step compares both and sets the next. */
export interface Place {
  id: number;
  claim: number;
  position: number;
}

const nameOf = (id: number): string => `submission ${id}`;

/** Writes only while it is ours and nobody else has moved it on. Throws Fault `claim-lost` (retry) otherwise. */
const compareAndSet = async ({ knex }: Writer, place: Place, values: object): Promise<void> => {
  const count = await knex('submissions')
    .where({ ...place, status: 'In Progress' satisfies SubmissionStatus })
    .update(values);
  if (count !== 1) throw claimLost(nameOf(place.id));
};

/**
 * Takes a submission up: it is `In Progress` under the lease's claim number from now on, and earlier owners can write no
 * more. Undefined when there is nothing left to do for it.
 */
export const begin = (store: Store, id: number, lease: Lease): Promise<Submission | undefined> =>
  store.write(async (writer) => {
    await assertHeld(writer, lease);
    const count = await writer
      .knex('submissions')
      .where({ id })
      .whereIn('status', ['Queued', 'In Progress'] satisfies SubmissionStatus[])
      .update({ status: 'In Progress', claim: lease.claim, error: null });
    return count === 1 ? findSubmission(writer.knex, id) : undefined;
  });

/** Keeps how the file is read: a restart reads it the same way. What kind of modifications it holds is known at the end. */
export const fixReading = (store: Store, place: Place, reading: Reading, notes: readonly string[]): Promise<void> =>
  store.write((writer) => {
    const type: SubmissionType | null = isConversionFile(reading.columns) ? 'Conversion' : null;
    return compareAndSet(writer, place, { reading: JSON.stringify(reading), notes: JSON.stringify(notes), type });
  });

/** How far a submission is after a chunk. */
export interface Advance {
  position: number;
  outcomes: OutcomeCounts;
  reverses: boolean;
  modifies: boolean;
}

/** Moves it on, in the database transaction that holds the chunk's changes and outcomes. */
export const advance = (writer: Writer, place: Place, { position, outcomes, reverses, modifies }: Advance) =>
  compareAndSet(writer, place, {
    ...{ position, outcomes: JSON.stringify(outcomes), errors: sumsOf(outcomes).errors, reverses, modifies },
  });

const forgetChecks = async (knex: Knex, id: number): Promise<void> => {
  for (const table of ['check_standings', 'check_conversions']) await knex(table).where({ submission_id: id }).delete();
};

/** Every line has its outcome, and the result file lies in the spool. */
export const complete = (store: Store, place: Place, resultSpool: string): Promise<void> =>
  store.write(async (writer) => {
    const found = (await writer
      .knex('submissions')
      .where({ id: place.id })
      .first('type', 'reverses', 'modifies')) as Row;
    const [reverses, modifies] = [found['reverses'], found['modifies']].map((value) => Boolean(Number(value)));
    const type = found['type'] ?? typeOf({ reverses: reverses === true, modifies: modifies === true });
    const values = { status: 'Complete', type, result_spool: resultSpool, completed_at: await writer.now() };
    await compareAndSet(writer, place, values);
    await forgetChecks(writer.knex, place.id);
  });

/** The file cannot be read as a whole. */
export const fail = (store: Store, place: Place, error: string): Promise<void> =>
  store.write(async (writer) => {
    await compareAndSet(writer, place, { status: 'Failed', error, completed_at: await writer.now() });
    await forgetChecks(writer.knex, place.id);
  });

/** It waits for a person; what was applied stays, and after a release it goes on from there. */
export const hold = (store: Store, place: Place, error: string): Promise<void> =>
  store.write((writer) => compareAndSet(writer, place, { status: 'Held', error }));

/** It waits until a person has looked at its reversals, and is not held for them again. */
export const holdUnusual = (store: Store, place: Place, error: string): Promise<void> =>
  store.write((writer) => compareAndSet(writer, place, { status: 'Held', error, looked_at: true }));

/**
 * Holds the submission whose owner has ended in the middle of it, whatever it had done: ours is the lease that it worked
 * under. Throws Fault `claim-lost` (retry) when it is not any more.
 */
export const holdAbandoned = (store: Store, id: number, lease: Lease, error: string): Promise<void> =>
  store.write(async (writer) => {
    await assertHeld(writer, lease);
    await writer
      .knex('submissions')
      .where({ id })
      .whereIn('status', ['Queued', 'In Progress'] satisfies SubmissionStatus[])
      .andWhere('claim', '<=', lease.claim)
      .update({ status: 'Held', error });
  });
