import type { Knex } from 'knex';
import { isoInstant } from '../../clock.ts';
import { int, intOrNull, type Row, type Store } from '../../store/store.ts';
import type { Scope } from './may.ts';
import { fits, hashOf, mintProof, proofText, readProof } from './proof.ts';

/** What a program shows with each request. Instants in milliseconds. */
export interface Token {
  id: string;
  name: string;
  scope: Scope;
  createdAt: number;
  expiresAt: number;
  revokedAt: number | null;
  usedAt: number | null;
}

/** Says what it is, so that scanners for leaked secrets find it. */
export const tokenPrefix = 'nightdrop_';

const readToken = (row: Row): Token => ({
  id: String(row['id']),
  name: String(row['name']),
  scope: JSON.parse(String(row['scope'])) as Scope,
  createdAt: int(row['created_at']),
  expiresAt: int(row['expires_at']),
  revokedAt: intOrNull(row['revoked_at']),
  usedAt: intOrNull(row['used_at']),
});

/** A token as `--json` shows it, without itself. */
export const tokenLine = ({ id, name, scope, createdAt, expiresAt, revokedAt, usedAt }: Token) => ({
  ...{ id, name, ...scope, createdAt: isoInstant(createdAt), expiresAt: isoInstant(expiresAt) },
  revokedAt: revokedAt === null ? null : isoInstant(revokedAt),
  usedAt: usedAt === null ? null : isoInstant(usedAt),
});

/** Makes a token that is good for `lasts` milliseconds. Its `text` is shown here and never again. */
export const createToken = (
  store: Store,
  { name, scope, lasts, now }: { name: string; scope: Scope; lasts: number; now: number },
): Promise<{ token: Token; text: string }> =>
  store.write(async ({ knex }) => {
    const proof = mintProof();
    const row = { id: proof.id, hash: hashOf(proof.secret), name, scope: JSON.stringify(scope) };
    await knex('tokens').insert({ ...row, created_at: now, expires_at: now + lasts });
    const token = readToken((await knex('tokens').where({ id: proof.id }).first()) as Row);
    return { token, text: proofText(proof, tokenPrefix) };
  });

/** In order of being made, those that have ended too. */
export const findTokens = async (db: Knex): Promise<Token[]> =>
  ((await db('tokens').orderBy('created_at').orderBy('id')) as Row[]).map(readToken);

/** Ends a token at once. False when there is none of that id, or when it was revoked before. */
export const revokeToken = (store: Store, id: string, now: number): Promise<boolean> =>
  store.write(async ({ knex }) => {
    const revoked = { revoked_at: now };
    return (await knex('tokens').where({ id }).whereNull('revoked_at').update(revoked)) === 1;
  });

/** How exactly `usedAt` is kept, so that not every request writes. Milliseconds. */
const usedEveryMs = 60_000;

/** The token that this text is, when it is good at `now`. */
export const tokenOfText = async (store: Store, text: string, now: number): Promise<Token | undefined> => {
  const proof = readProof(text, tokenPrefix);
  if (!proof) return undefined;
  const row = (await store.read('tokens').where({ id: proof.id }).first()) as Row | undefined;
  if (!fits(proof.secret, row && String(row['hash'])) || !row) return undefined;
  const token = readToken(row);
  if (token.revokedAt !== null || token.expiresAt <= now) return undefined;
  if (token.usedAt === null || Math.abs(now - token.usedAt) >= usedEveryMs)
    await store.write(async ({ knex }) => void (await knex('tokens').where({ id: token.id }).update({ used_at: now })));
  return token;
};
