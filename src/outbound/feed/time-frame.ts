import type { Condition, Include } from './selection.ts';

/** A half-open span of time `[from, to)`, in milliseconds, by when rows were created or when their event was. */
export interface TimeFrame {
  by: 'created' | 'event';
  from: number;
  to: number;
}

/** The rows of a frame; in a feed of changes "created" is when the change was made. */
export const frameCondition = ({ by, from, to }: TimeFrame, include: Include): Condition => {
  const created = include === 'new' ? 't.created_at' : 'j.at';
  const column = by === 'event' ? 't.event_date' : created;
  return { sql: `${column} >= ? and ${column} < ?`, parameters: [from, to] };
};
