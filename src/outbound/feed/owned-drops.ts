import type { DropSpec } from '../../drop/drop.ts';
import type { Store } from '../../store/store.ts';
import { type DropLine, listDrops } from '../delivery/drop-list.ts';
import type { Feed } from './feed.ts';

/** A drop as lists show it, with whose it is and which feeds deliver there; retired ones are left out. */
export type OwnedDrop = DropLine & { partner: string; feeds: string[] };

/** Who has drops, and what delivers to them. */
export interface Owners {
  partners: readonly { name: string; drops: readonly string[] }[];
  feeds: readonly Feed[];
}

const ownersOf = ({ partners, feeds }: Owners, drop: string) => ({
  partner: partners.find(({ drops }) => drops.includes(drop))?.name ?? '',
  feeds: feeds.filter((feed) => !feed.retired && feed.drops.includes(drop)).map(({ name }) => name),
});

/** The drops with what is known of them, in the order given. */
export const listOwnedDrops = async (
  store: Pick<Store, 'read'>,
  owners: Owners,
  specs: readonly DropSpec[],
): Promise<OwnedDrop[]> =>
  (await listDrops(store, specs)).map(({ drop, kind, place, ...rest }) => {
    const { partner, feeds } = ownersOf(owners, drop);
    return { drop, partner, kind, place, feeds, ...rest };
  });
