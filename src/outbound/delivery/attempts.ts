import type { Knex } from 'knex';
import { isoInstant } from '../../clock.ts';
import { int, intOrNull, type Writer } from '../../store/store.ts';
import type { Row } from './deliveries.ts';

/**
 * How far an attempt came with the file in hand. `looking`: it has changed nothing at the drop yet. `renaming`: the
 * rename may have been sent. `renamed`: the server answered yes. `confirmed`: the file is done. `released` and `resent`
 * are no attempts but notes: a person asked for it, and counting begins anew.
 */
export type Phase = 'looking' | 'uploading' | 'renaming' | 'renamed' | 'confirmed' | 'released' | 'resent';

/** One attempt of a delivery. Instants in milliseconds. */
export interface Attempt {
  deliveryId: number;
  number: number;
  /** Host and folder, without credentials. */
  place: string;
  /** The file in hand: the batch's or a companion's. */
  fileName: string;
  partialName: string;
  phase: Phase;
  startedAt: number;
  endedAt: number | null;
  outcome: 'delivered' | 'failed' | 'abandoned' | null;
  error: string | null;
  hint: string | null;
}

const textOrNull = (value: unknown): string | null => (value === null ? null : String(value));

const toAttempt = (row: Row): Attempt => ({
  deliveryId: int(row['delivery_id']),
  number: int(row['number']),
  place: String(row['place']),
  fileName: String(row['file_name']),
  partialName: String(row['partial_name']),
  phase: row['phase'] as Phase,
  startedAt: int(row['started_at']),
  endedAt: intOrNull(row['ended_at']),
  outcome: row['outcome'] as Attempt['outcome'],
  error: textOrNull(row['error']),
  hint: textOrNull(row['hint']),
});

/** All attempts of a delivery, with the notes between them, oldest first. */
export const attemptsOf = async (db: Knex, deliveryId: number): Promise<Attempt[]> =>
  ((await db('attempts').where({ delivery_id: deliveryId }).orderBy('number')) as Row[]).map(toAttempt);

/** An attempt as lists show it; instants in ISO 8601. */
export const attemptLine = ({ number, place, fileName, phase, startedAt, endedAt, outcome, error, hint }: Attempt) => ({
  ...{ number, place, fileName, phase, startedAt: isoInstant(startedAt) },
  ...{ endedAt: endedAt === null ? null : isoInstant(endedAt), outcome, error, hint },
});

/** Where each delivered file of this drop that no partner was seen to take was brought to, by delivery. */
export const placesOf = async (db: Knex, dropName: string): Promise<Map<number, string>> => {
  const rows = (await db('attempts as a')
    .join('deliveries as d', 'd.id', 'a.delivery_id')
    .where({ 'd.drop_name': dropName, 'd.state': 'delivered', 'a.outcome': 'delivered' })
    .whereNull('d.picked_up_at')
    .orderBy('a.number')
    .select('a.delivery_id', 'a.place')) as Row[];
  return new Map(rows.map((row) => [int(row['delivery_id']), String(row['place'])]));
};

/** Which attempt. */
export interface AttemptKey {
  deliveryId: number;
  number: number;
}

/** Begins an attempt; an earlier one without an end was left behind by a process that is gone. Resolves to its number. */
export const beginAttempt = async (
  { knex }: Writer,
  begun: { deliveryId: number; place: string; fileName: string; phase: Phase; now: number },
): Promise<number> => {
  const { deliveryId, now } = begun;
  const left = { delivery_id: deliveryId, ended_at: null };
  await knex('attempts').where(left).update({ ended_at: now, outcome: 'abandoned' });
  const last = (await knex('attempts').where({ delivery_id: deliveryId }).max('number as last').first()) as Row;
  const number = (intOrNull(last['last']) ?? 0) + 1;
  await knex('attempts').insert({
    delivery_id: deliveryId,
    number,
    place: begun.place,
    file_name: begun.fileName,
    partial_name: '',
    phase: begun.phase,
    started_at: now,
  });
  return number;
};

/** Notes that a person released or resent the delivery. */
export const noteByHand = async (writer: Writer, deliveryId: number, phase: 'released' | 'resent'): Promise<void> => {
  const now = await writer.now();
  const number = await beginAttempt(writer, { deliveryId, place: '', fileName: '', phase, now });
  await endAttempt(writer, { deliveryId, number }, { outcome: null });
};

const one = ({ deliveryId, number }: AttemptKey) => ({ delivery_id: deliveryId, number });

/** How far the attempt is with the file in hand. */
export const markPhase = async (
  { knex }: Writer,
  key: AttemptKey,
  phase: Phase,
  file?: { fileName: string; partialName: string },
): Promise<void> => {
  const hand = file && { file_name: file.fileName, partial_name: file.partialName };
  await knex('attempts')
    .where(one(key))
    .update({ phase, ...hand });
};

/** How the attempt ended. */
export const endAttempt = async (
  writer: Writer,
  key: AttemptKey,
  end: { outcome: Attempt['outcome']; error?: string; hint?: string },
): Promise<void> => {
  await writer
    .knex('attempts')
    .where(one(key))
    .update({ ended_at: await writer.now(), ...end });
};
