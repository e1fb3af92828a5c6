import type { Knex } from 'knex';

/** A part of a list, cut by the ids of its rows, so that rows that come in meanwhile shift nothing. */
export interface Page {
  /** Only what comes behind this id, in the order of the list. */
  beyond?: number;
  /** Oldest first without it. */
  newestFirst?: boolean;
  /** At most so many; all without it. */
  count?: number;
}

/** Orders a query by an id and cuts the page out of it. */
export const cutPage = (query: Knex.QueryBuilder, id: string, { beyond, newestFirst = false, count }: Page): void => {
  void query.orderBy(id, newestFirst ? 'desc' : 'asc');
  if (beyond !== undefined) void query.where(id, newestFirst ? '<' : '>', beyond);
  if (count !== undefined) void query.limit(count);
};
