import { int, type Row, type Store } from '../../store/store.ts';
import type { Person } from './people.ts';
import { personOfId } from './people.ts';
import { derived, fits, hashOf, mintProof, proofText, readProof } from './proof.ts';

/** A session ends so long after its last request, and so long after the sign-in whatever happens. Milliseconds. */
export const idleMs = 12 * 3_600_000;
export const absoluteMs = 7 * 86_400_000;

/** How exactly the last request is kept. */
const seenEveryMs = 60_000;

export interface Session {
  id: string;
  person: Person;
  /** What each form and each writing request must carry; other sites cannot know it. */
  formToken: string;
}

/**
 * Begins a session, always under a fresh proof, so that nobody can choose another's. The one before in the same browser
 * (`ended`) is over. Resolves to what the cookie holds.
 */
export const beginSession = (
  store: Store,
  { personId, peer, ended, now }: { personId: number; peer: string; ended: string | undefined; now: number },
): Promise<string> =>
  store.write(async ({ knex }) => {
    const proof = mintProof();
    const before = ended === undefined ? undefined : readProof(ended);
    if (before)
      await knex('sessions')
        .where({ id: before.id, hash: hashOf(before.secret) })
        .delete();
    await knex('sessions')
      .where('created_at', '<=', now - absoluteMs)
      .delete();
    const row = { id: proof.id, hash: hashOf(proof.secret), person_id: personId, peer };
    await knex('sessions').insert({ ...row, created_at: now, seen_at: now });
    await knex('people').where({ id: personId }).update({ signed_in_at: now });
    return proofText(proof);
  });

const isOver = (row: Row, now: number): boolean =>
  int(row['created_at']) + absoluteMs <= now || int(row['seen_at']) + idleMs <= now;

/** The session that a cookie holds, when it is good at `now`. */
export const sessionOfCookie = async (store: Store, cookie: string, now: number): Promise<Session | undefined> => {
  const proof = readProof(cookie);
  if (!proof) return undefined;
  const row = (await store.read('sessions').where({ id: proof.id }).first()) as Row | undefined;
  if (!fits(proof.secret, row && String(row['hash'])) || !row || isOver(row, now)) return undefined;
  const person = await personOfId(store.read, int(row['person_id']));
  if (!person) return undefined;
  if (now - int(row['seen_at']) >= seenEveryMs)
    await store.write(
      async ({ knex }) => void (await knex('sessions').where({ id: proof.id }).update({ seen_at: now })),
    );
  return { id: proof.id, person, formToken: derived('form', proof.secret) };
};

export const endSession = (store: Store, id: string): Promise<void> =>
  store.write(async ({ knex }) => void (await knex('sessions').where({ id }).delete()));
