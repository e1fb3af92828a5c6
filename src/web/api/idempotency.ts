import { createHash } from 'node:crypto';
import { Fault } from '../../fault.ts';
import { int, intOrNull, type Row, type Store } from '../../store/store.ts';
import type { WebContext } from '../context.ts';
import { wrongRequest } from '../problem.ts';
import type { KnownCall } from '../route.ts';

/** How long an answer is kept. Milliseconds. */
const keptMs = 24 * 3_600_000;

/** After so long without an answer, the process that was asked is taken to be gone. */
const underWayMs = 15 * 60_000;

const refused = (reason: string, hint: string, code: string): Fault =>
  new Fault({ operation: 'repeat', object: 'the request', reason, hint, next: 'refuse', code });

const inUse = (): Fault =>
  refused('the first request with this key is still under way', 'ask again in a moment', 'key-in-use');

const keyIn = (call: KnownCall): string | undefined => {
  const key = call.header('idempotency-key');
  if (key === undefined || /^[\x21-\x7e]{1,200}$/.test(key)) return key;
  throw wrongRequest('Idempotency-Key', 'it is not a key', 'send 1 to 200 visible ASCII characters, as in a UUID');
};

/** What was asked for. The bytes of an upload are not in it: its name, type and length are. */
const digestOf = ({ request, url, header }: KnownCall, body: string): string =>
  createHash('sha256')
    .update(JSON.stringify([request.method, url.pathname, url.search, body, header('content-length') ?? '']))
    .digest('hex');

interface Kept {
  request: string;
  claim: number;
  at: number;
  status: number | null;
  answer: string;
}

const readKept = (row: Row): Kept => ({
  request: String(row['request']),
  claim: int(row['claim']),
  at: int(row['at']),
  status: intOrNull(row['status']),
  answer: String(row['answer'] ?? ''),
});

interface Named {
  owner: string;
  key: string;
}

/** Takes the key: `claim` when the work is ours to do, otherwise what was answered before. */
const claimKey = (store: Store, named: Named, request: string, now: number): Promise<{ claim: number } | Kept> =>
  store.write(async ({ knex }) => {
    await knex('idempotency_keys')
      .where('at', '<', now - keptMs)
      .delete();
    const fresh = { ...named, request, at: now, claim: 1 };
    const added = await knex('idempotency_keys').insert(fresh, ['claim']).onConflict(['owner', 'key']).ignore();
    if (added.length > 0) return { claim: 1 };
    const found = (await knex('idempotency_keys').where(named).forUpdate().first()) as Row | undefined;
    if (!found) throw inUse(); // the first one has failed at this moment
    const kept = readKept(found);
    if (kept.request !== request || kept.status !== null || now - kept.at < underWayMs) return kept;
    await knex('idempotency_keys')
      .where(named)
      .update({ claim: kept.claim + 1, at: now });
    return { claim: kept.claim + 1 };
  });

const again = ({ status, answer }: Kept, request: string, kept: string): Response => {
  if (kept !== request)
    throw refused('this key was sent with another request before', 'choose a fresh key for each request', 'key-reused');
  if (status === null) throw inUse();
  const headers = { 'Content-Type': 'application/json', 'Idempotency-Replayed': 'true' };
  return new Response(answer, { status, headers });
};

/**
 * Runs `work` once for each Idempotency-Key of the one who asks: a repeated request gets the first one's answer. Without
 * the header it just runs. What failed is not kept, so it may be tried again.
 */
export const once = async (
  { store, clock }: WebContext,
  call: KnownCall,
  body: string,
  work: () => Promise<Response>,
): Promise<Response> => {
  const key = keyIn(call);
  if (key === undefined) return work();
  const named = { owner: call.asker.key, key };
  const request = digestOf(call, body);
  const taken = await claimKey(store, named, request, clock.now());
  if ('request' in taken) return again(taken, request, taken.request);
  const mine = { ...named, claim: taken.claim };
  try {
    const answer = await work();
    const text = await answer.clone().text();
    await store.write(
      async ({ knex }) =>
        void (await knex('idempotency_keys').where(mine).update({ status: answer.status, answer: text })),
    );
    return answer;
  } catch (error) {
    await store.write(async ({ knex }) => void (await knex('idempotency_keys').where(mine).delete()));
    throw error;
  }
};
