import { readInstant } from '../../ledger/read-instant.ts';
import { instantOf } from '../../zoned-time.ts';
import type { CellReading } from './cells.ts';

const hint =
  'Write date and time as 2026-01-31T14:00:00Z, with Z or an offset, or without one in the zone of the event type. In a ' +
  'spreadsheet: format the column as Text.';

/** A reading of the clock on the wall: the instant at which the zone's clock shows it (the earlier of two). */
const inZone = (shown: number, zone: string): number => {
  const date = new Date(shown);
  const local = { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
  const clock = { hour: date.getUTCHours(), minute: date.getUTCMinutes(), second: date.getUTCSeconds() };
  return instantOf(zone, { ...local, ...clock }) + date.getUTCMilliseconds();
};

/**
 * ISO 8601 date and time as milliseconds, with `T` or one space between them; what has no zone is in `zone`. `NOW` is
 * null: the time at which the file was received.
 */
export const readEventDate = (text: string, zone: string): CellReading<number | null> => {
  if (text.toUpperCase() === 'NOW') return { value: null };
  const iso = text.replace(/^(\d{4}-\d{2}-\d{2}) /, '$1T');
  const at = readInstant(iso);
  if (at !== undefined) return { value: at };
  const shown = readInstant(`${iso}Z`);
  if (shown !== undefined) return { value: inZone(shown, zone) };
  const why = text === '' ? 'it is empty' : `"${text.slice(0, 60)}" is not an ISO 8601 date and time`;
  return { problem: { message: `EventDate: ${why}`, hint } };
};
