/** A value as both drivers bind it. */
export type Bound = string | number | bigint | null;

/** A column of values as PostgreSQL writes an array: one parameter for any number of rows. */
export const arrayOf = (values: readonly Bound[]): string => {
  let text = '';
  for (const value of values) {
    if (text !== '') text += ',';
    if (value === null) text += 'NULL';
    else if (typeof value === 'string') text += `"${/["\\]/.test(value) ? value.replace(/["\\]/g, '\\$&') : value}"`;
    else text += String(value);
  }
  return `{${text}}`;
};

/** Rows of values as one array parameter for each column. */
export const columnsOf = (rows: readonly (readonly Bound[])[], width: number): string[] =>
  Array.from({ length: width }, (_, column) => arrayOf(rows.map((row) => row[column] ?? null)));
