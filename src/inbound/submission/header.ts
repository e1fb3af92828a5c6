import { Fault } from '../../fault.ts';

/** Names are compared without regard to case and space. */
export const bare = (cell: string): string => cell.replace(/\s/g, '').toLowerCase();

/** A header for which the whole file is refused. */
export const badHeader = (reason: string, hint: string): Fault =>
  new Fault({ operation: 'read', object: 'the header', reason, hint, next: 'refuse', code: 'bad-header' });

/** Throws `bad-header` when two columns have the same meaning. An empty meaning is none. */
export const refuseDoubled = (header: readonly string[], meanings: readonly string[]): void => {
  for (const [i, meaning] of meanings.entries()) {
    const first = meanings.indexOf(meaning);
    if (meaning === '' || first === i) continue;
    const [one, other] = [header[first]?.trim() ?? '', header[i]?.trim() ?? ''];
    throw bare(one) === bare(other)
      ? badHeader(`the column ${other} is there twice`, 'take one of them out')
      : badHeader(`the columns ${one} and ${other} mean the same`, 'take one of them out');
  }
};

/** So many columns no sheet of orders has; each of them would take memory for every line. */
const mostColumns = 5000;

/** Throws `bad-header` for more columns than are read. */
export const refuseMany = ({ length }: readonly string[]): void => {
  if (length > mostColumns)
    throw badHeader(`it has ${length} columns, and at most ${mostColumns} are read`, 'write one row for each item');
};
