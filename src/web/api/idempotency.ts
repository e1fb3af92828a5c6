import { createHash } from 'node:crypto';
import { Fault } from '../../fault.ts';
import { int, intOrNull, type Row, type Store } from '../../store/store.ts';
import type { WebContext } from '../context.ts';
import { wrongRequest } from '../problem.ts';
import type { KnownCall } from '../route.ts';
import { uploaded } from './upload.ts';

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

/** What was asked for, but for the bytes of an upload: they are known only once they have come. */
const digestOf = ({ request, url }: KnownCall, body: string): string =>
  createHash('sha256')
    .update(JSON.stringify([request.method, url.pathname, url.search, body]))
    .digest('hex');

/** The same call with a digest that grows while its body is read. */
const hashed = (call: KnownCall): { call: KnownCall; digest(): string } => {
  const hash = createHash('sha256');
  async function* read(): AsyncGenerator<Buffer> {
    for await (const chunk of call.body) {
      hash.update(chunk);
      yield chunk;
    }
  }
  return { call: { ...call, body: read() }, digest: () => hash.digest('hex') };
};

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
    if (kept.request.split(' ')[0] !== request || kept.status !== null || now - kept.at < underWayMs) return kept;
    await knex('idempotency_keys')
      .where(named)
      .update({ claim: kept.claim + 1, at: now });
    return { claim: kept.claim + 1 };
  });

/** Of an upload, the bytes of the request behind its digest. */
const withBytes = (request: string, bytes: string | undefined): string =>
  bytes === undefined ? request : `${request} ${bytes}`;

const reused = (): Fault =>
  refused('this key was sent with another request before', 'choose a fresh key for each request', 'key-reused');

/** The digest of an upload that is only compared. */
const digestOfBytes = async (call: KnownCall, most: number): Promise<string> => {
  const hash = createHash('sha256');
  for await (const chunk of uploaded(call, most)) hash.update(chunk);
  return hash.digest('hex');
};

const again = async (kept: Kept, request: string, bytes: () => Promise<string> | undefined): Promise<Response> => {
  const { status, answer } = kept;
  if (kept.request.split(' ')[0] !== request) throw reused();
  if (status === null) throw inUse();
  if (kept.request !== withBytes(request, await bytes())) throw reused();
  const headers = { 'Content-Type': 'application/json', 'Idempotency-Replayed': 'true' };
  return new Response(answer, { status, headers });
};

/** The answer as it may be kept: what is shown once is null in it. */
const keepable = async (answer: Response, secrets: readonly string[]): Promise<string> => {
  const text = await answer.clone().text();
  if (secrets.length === 0) return text;
  const without = Object.fromEntries(secrets.map((name) => [name, null]));
  return JSON.stringify({ ...(JSON.parse(text) as object), ...without });
};

/** What a request is about, beside its address. */
export interface Asked {
  /** JSON; empty where there is none. */
  body: string;
  /** The body is a file of these types. */
  takes?: readonly string[];
  /** Fields of the answer that must not be kept. */
  shownOnce?: readonly string[];
}

/**
 * Runs `work` once for each Idempotency-Key of the one who asks: a repeated request gets the first one's answer, and one
 * with another address, body or upload is refused. Without the header it just runs. What failed is not kept, so it may be
 * tried again. `work` gets the call to read the body from.
 */
export const once = async (
  { store, clock, settings }: WebContext,
  call: KnownCall,
  { body, takes, shownOnce = [] }: Asked,
  work: (call: KnownCall) => Promise<Response>,
): Promise<Response> => {
  const key = keyIn(call);
  if (key === undefined) return work(call);
  const named = { owner: call.asker.key, key };
  const request = digestOf(call, body);
  const taken = await claimKey(store, named, request, clock.now());
  if ('request' in taken)
    return again(taken, request, () => (takes ? digestOfBytes(call, settings().maxUpload) : undefined));
  const mine = { ...named, claim: taken.claim };
  const reading = takes ? hashed(call) : undefined;
  try {
    const answer = await work(reading?.call ?? call);
    const kept = { status: answer.status, answer: await keepable(answer, shownOnce) };
    const whole = withBytes(request, reading?.digest());
    await store.write(
      async ({ knex }) =>
        void (await knex('idempotency_keys')
          .where(mine)
          .update({ ...kept, request: whole })),
    );
    return answer;
  } catch (error) {
    await store.write(async ({ knex }) => void (await knex('idempotency_keys').where(mine).delete()));
    throw error;
  }
};
