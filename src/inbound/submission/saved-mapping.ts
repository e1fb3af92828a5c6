import { fieldsOf, type FileKind, isItemColumn, type Mapping, suggestMapping } from './mapping.ts';

/*
 * Mappings that people made before, put to use for another file. Pure.
 */

/** A column of a file by its name there, and what it is imported as; null for not at all. */
export interface MappedColumn {
  column: string;
  field: string | null;
}

/** A mapping under a name, for one event type and one kind of file. */
export interface SavedMapping {
  id: number;
  eventTypeId: number;
  kind: FileKind;
  name: string;
  columns: MappedColumn[];
  savedBy: string;
  /** Milliseconds. */
  savedAt: number;
}

/** Names of columns are compared without case, and without the space around them. */
const keyOf = (column: string): string => column.trim().toLowerCase();

/** What a mapping says of each column of its file. */
export const columnsOf = (header: readonly string[], mapping: Mapping): MappedColumn[] =>
  header.map((cell, place) => ({ column: cell.trim(), field: mapping[place] ?? null }));

/** The field as it may be used for a column: a known one, or under conversions the column's own name; else null. */
export const usableField = (field: string | null, column: string, kind: FileKind): string | null => {
  if (field === null) return null;
  if (fieldsOf(kind).includes(field) || (kind === 'modification' && isItemColumn(field))) return field;
  return kind === 'conversion' && keyOf(field) === keyOf(column) && column.trim() !== '' ? column.trim() : null;
};

/** A saved mapping on another file. */
export interface Applied {
  mapping: Mapping;
  /** Columns that it imports and that the file has not got. */
  missing: string[];
  /** Columns of the file that it does not know; they are not imported. */
  added: string[];
}

/** Each saved column is used once, so that two columns of one name stay two. */
export const applySaved = (saved: readonly MappedColumn[], header: readonly string[], kind: FileKind): Applied => {
  const left = [...saved];
  const added: string[] = [];
  const mapping = header.map((cell) => {
    const found = left.findIndex(({ column }) => keyOf(column) === keyOf(cell));
    const [one] = found < 0 ? [] : left.splice(found, 1);
    if (!one) added.push(cell.trim());
    return one ? usableField(one.field, cell, kind) : null;
  });
  return { mapping, added, missing: left.filter(({ field }) => field !== null).map(({ column }) => column) };
};

/** The first of the mappings that was made for exactly these columns, in whatever order. */
export const madeFor = <T extends { columns: readonly MappedColumn[] }>(
  mappings: readonly T[],
  header: readonly string[],
): T | undefined => {
  const sorted = (names: readonly string[]): string => JSON.stringify(names.map(keyOf).sort());
  const wanted = sorted(header);
  return mappings.find(({ columns }) => sorted(columns.map(({ column }) => column)) === wanted);
};

/**
 * The names to suggest for a header: what columns of these names were imported as before, the newest first, then what
 * their names mean by themselves. Each field once.
 */
export const suggestFrom = (
  header: readonly string[],
  kind: FileKind,
  earlier: readonly (readonly MappedColumn[])[],
): (string | null)[] => {
  const known = new Map(earlier.toReversed().flatMap((one) => one.map(({ column, field }) => [keyOf(column), field])));
  const taken = new Set<string>();
  const once = (field: string | null): string | null => {
    if (field === null || taken.has(field)) return null;
    taken.add(field);
    return field;
  };
  const learned = header.map((cell) => {
    const field = known.get(keyOf(cell));
    return field === undefined ? undefined : once(usableField(field, cell, kind));
  });
  const guesses = suggestMapping(header, kind);
  return learned.map((field, place) => (field === undefined ? once(guesses[place] ?? null) : field));
};
