import type { Page } from '../../store/page.ts';
import { wrongRequest } from '../problem.ts';

/** How a list is asked for. */
export interface Listing {
  limit: number;
  order: 'newest' | 'oldest';
  cursor?: string | undefined;
}

/** One page of a list, and what to ask with for the next; null at the end. */
export interface Paged<T> {
  items: T[];
  next: string | null;
}

const letters = { newest: 'n', oldest: 'o' } as const;

/** Opaque for the one who asks: where the page before ended, and in which order. */
const encode = (order: Listing['order'], id: number): string =>
  Buffer.from(`${letters[order]}${id}`).toString('base64url');

/** Where to go on. Fault `usage` for what is no cursor of ours, or one of the other order. */
const decode = ({ order, cursor }: Listing): number | undefined => {
  if (cursor === undefined) return undefined;
  const [, letter, id] = /^([no])([1-9]\d{0,14})$/.exec(Buffer.from(cursor, 'base64url').toString('latin1')) ?? [];
  if (letter === letters[order] && id !== undefined) return Number(id);
  throw wrongRequest('cursor', 'it is no cursor of this list', 'give "next" of the page before, with the same order');
};

/** Asks for one row more than is shown, which says whether there is another page. */
export const paged = async <T extends { id: number }>(
  listing: Listing,
  find: (page: Page) => Promise<T[]>,
): Promise<Paged<T>> => {
  const { limit, order } = listing;
  const beyond = decode(listing);
  const page = { newestFirst: order === 'newest', count: limit + 1 };
  const found = await find(beyond === undefined ? page : { ...page, beyond });
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return { items, next: found.length > limit && last ? encode(order, last.id) : null };
};

/** The same of a list that is short and at hand, in its own order; its ids are the places in it. */
export const pagedList = async <T>(listing: Omit<Listing, 'order'>, all: readonly T[]): Promise<Paged<T>> => {
  const numbered = all.map((item, index) => ({ id: index + 1, item }));
  const { items, next } = await paged({ ...listing, order: 'oldest' }, ({ beyond = 0, count }) =>
    Promise.resolve(numbered.slice(beyond, count === undefined ? undefined : beyond + count)),
  );
  return { items: items.map(({ item }) => item), next };
};
