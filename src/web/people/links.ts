import { int, type Row, type Store } from '../../store/store.ts';
import { fits, hashOf, mintProof, proofText, readProof } from './proof.ts';

/** How long a link is good for. */
export const linkLastsMs = 15 * 60_000;

/** Makes a link's proof for a person: the text that stands in the link. Those that have run out are forgotten. */
export const makeLink = (store: Store, personId: number, now: number): Promise<string> =>
  store.write(async ({ knex }) => {
    const proof = mintProof();
    await knex('sign_in_links')
      .where('expires_at', '<', now - linkLastsMs)
      .delete();
    const row = { id: proof.id, hash: hashOf(proof.secret), person_id: personId };
    await knex('sign_in_links').insert({ ...row, expires_at: now + linkLastsMs });
    return proofText(proof);
  });

/** Uses a link up: the id of its person, or undefined when it is wrong, too old or was used before. */
export const redeemLink = async (store: Store, text: string, now: number): Promise<number | undefined> => {
  const proof = readProof(text);
  if (!proof) return undefined;
  const row = (await store.read('sign_in_links').where({ id: proof.id }).first()) as Row | undefined;
  if (!fits(proof.secret, row && String(row['hash'])) || !row) return undefined;
  return store.write(async ({ knex }) => {
    const unused = knex('sign_in_links').where({ id: proof.id }).whereNull('used_at').where('expires_at', '>', now);
    return (await unused.update({ used_at: now })) === 1 ? int(row['person_id']) : undefined;
  });
};
