import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { request } from 'node:http';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { findSubmission, findSubmissions } from '../../../src/inbound/submission/submissions.ts';
import { attachment } from '../../../src/web/api/download.ts';
import { masked } from '../../../src/web/api/personal.ts';
import { givenName } from '../../../src/web/api/upload.ts';
import { openStore } from '../../../src/store/open-store.ts';
import { inLab } from '../../flow/random.ts';
import { describeStores, freshDatabase } from '../../stores.ts';
import { type As, openPlace, type PlaceOfWeb } from '../place.ts';
import { setStage } from './stage.ts';

const ops = { role: 'ops' } as const;
const csv = 'OrderId,Amount,Reason\nA-1,1.00,OTHER\n';

const largeMb = inLab ? 2048 : 300;

const upload = (place: PlaceOfWeb, as: As, query: string, body: string, headers: Record<string, string> = {}) =>
  place.ask(`/api/v1/submissions?eventType=4521&${query}`, { method: 'POST', as, body, headers });

/** Sends so many bytes as a file, a piece at a time, and says what came back. */
const sendBytes = async (place: PlaceOfWeb, token: string, total: number, sent: number) => {
  const chunk = Buffer.alloc(1 << 18, 'x');
  const headers = { Authorization: `Bearer ${token}`, 'Content-Length': total };
  const path = '/api/v1/submissions?eventType=4521&fileName=large.csv';
  const req = request(`${place.base}${path}`, { method: 'POST', headers });
  const answered = new Promise<number>((resolve) => {
    req.on('response', (answer) => void answer.resume().on('end', () => resolve(answer.statusCode ?? 0)));
    req.on('error', () => resolve(0));
  });
  for (let left = sent; left > 0; left -= chunk.length)
    if (!req.write(left < chunk.length ? chunk.subarray(0, left) : chunk)) await once(req, 'drain');
  if (sent === total) req.end();
  else req.destroy();
  return answered;
};

describe('names of files', () => {
  test.each([
    ['returns.csv', `attachment; filename="returns.csv"; filename*=UTF-8''returns.csv`],
    ['a"b;c%.csv', `attachment; filename="a_b_c_.csv"; filename*=UTF-8''a%22b%3Bc%25.csv`],
    ['a\r\nSet-Cookie: x=1', `attachment; filename="aSet-Cookie: x=1"; filename*=UTF-8''aSet-Cookie%3A%20x%3D1`],
    ['../../etc/passwd', `attachment; filename=".._.._etc_passwd"; filename*=UTF-8''.._.._etc_passwd`],
    [
      'Übergrößé (1)*.csv',
      `attachment; filename="_bergr___ (1)*.csv"; filename*=UTF-8''%C3%9Cbergr%C3%B6%C3%9F%C3%A9%20%281%29%2A.csv`,
    ],
    ['exe.\u202egpj', `attachment; filename="exe.gpj"; filename*=UTF-8''exe.gpj`],
    ['..', `attachment; filename="file"; filename*=UTF-8''file`],
  ])('%j', (name, header) => expect(attachment(name)).toBe(header));

  test('an upload keeps the last part of its path', () => {
    expect(givenName('C:\\files\\returns.csv')).toBe('returns.csv');
    expect(givenName('../../returns\u0000\r\n.csv')).toBe('returns.csv');
    expect(givenName('x'.repeat(500))).toHaveLength(200);
    for (const wrong of ['', '..', '/', '\r\n']) expect(() => givenName(wrong)).toThrow('names no file');
  });

  test('a mail address shows its domain only', () => {
    expect(masked('kim@brand.example')).toBe('k…@brand.example');
    expect(masked('Kim')).toBe('K…');
  });
});

describeStores('files over HTTP', (open) => {
  test('an upload is a submission like any other: the same bytes, once', async () => {
    const place = await openPlace(await open());
    const as = await place.token({ role: 'advertiser', eventTypes: [4521] });
    const answer = await upload(place, as, 'fileName=..%2Freturns.csv', csv);
    expect(answer.status).toBe(202);
    const shown = answer.json<{ id: number; status: string; fileName: string; channel: string }>();
    expect(shown).toMatchObject({ status: 'Queued', fileName: 'returns.csv', channel: 'submit', eventType: 4521 });
    const kept = await findSubmission(place.store.read, shown.id);
    expect(kept).toMatchObject({ bytes: csv.length, sha256: createHash('sha256').update(csv).digest('hex') });
    expect(kept?.sender).toMatch(/^advertiser \(/);
    const back = await place.ask(`/api/v1/submissions/${shown.id}/original`, { as });
    expect(back.text).toBe(csv);
    expect(back.headers.get('content-disposition')).toContain('filename="returns.csv"');
    expect(back.headers.get('content-type')).toBe('application/octet-stream');
    expect((await upload(place, as, 'fileName=b.csv', csv)).json()).toMatchObject({ status: 'Duplicate' });
    expect((await upload(place, as, 'fileName=b.csv&check=true', csv)).json()).toMatchObject({ check: true });
  });

  test('what is too large or cut off leaves nothing behind', async () => {
    const place = await openPlace(await open(), { maxUpload: 1024 ** 2 });
    const as = (await place.token(ops)) as { token: string };
    const large = await upload(place, as, 'fileName=a.csv', 'x'.repeat(1024 ** 2 + 1));
    expect({ status: large.status, code: large.json()['code'] }).toEqual({ status: 413, code: 'too-large' });
    expect(await sendBytes(place, as.token, 1024 ** 2, 1024 ** 2 / 2)).toBe(0);
    await expect.poll(() => readdir(place.spool.folder), { timeout: 20_000 }).toEqual([]);
    expect(await findSubmissions(place.store.read)).toEqual([]);
    expect(place.errors).toEqual([]);
  });

  test('a batch and its companions are named as they are listed, and nothing else is reached', async () => {
    const place = await openPlace(await open());
    const { mine } = await setStage(place);
    const as = await place.token({ role: 'partner', partners: ['acme'], feeds: [] });
    const file = await place.ask(`/api/v1/batches/${mine.batch}/file`, { as });
    expect(file.text).toBe('bytes');
    const digest = createHash('sha256').update('bytes').digest('base64');
    expect(file.headers.get('repr-digest')).toBe(`sha-256=:${digest}:`);
    for (const name of ['../nightdrop.db', '..%2f..%2fetc%2fpasswd', '/etc/passwd', 'bolt_1.csv', '%00']) {
      const answer = await place.ask(`/api/v1/batches/${mine.batch}/file?name=${name}`, { as });
      expect({ name, status: answer.status }).toEqual({ name, status: name === '%00' ? 400 : 404 });
    }
    for (const id of ['../1', '1%2f..', '01', '1e0', '-1', '9'.repeat(30)])
      expect((await place.ask(`/api/v1/batches/${id}/file`, { as })).status).toBe(404);
    await place.spool.remove(String((await place.store.read('batches').first('spool'))?.['spool']));
    const gone = await place.ask(`/api/v1/batches/${mine.batch}/file`, { as });
    expect({ status: gone.status, code: gone.json()['code'] }).toEqual({ status: 409, code: 'spool-missing' });
    expect(gone.text).not.toContain(place.folder);
  });
});

describeStores('writing over HTTP', (open) => {
  test('the same idempotency key gets the same answer, and the work is done once', async () => {
    const place = await openPlace(await open());
    const as = await place.token(ops);
    const send = (key: string, body = csv) => upload(place, as, 'fileName=a.csv', body, { 'Idempotency-Key': key });
    const first = await send('k-1');
    const again = await send('k-1');
    expect(again.status).toBe(202);
    expect(again.text).toBe(first.text);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(await findSubmissions(place.store.read)).toHaveLength(1);
    const other = await send('k-1', `${csv}more`);
    expect({ status: other.status, code: other.json()['code'] }).toEqual({ status: 422, code: 'key-reused' });
    const sameLength = await send('k-1', csv.replace('1.00', '9.00'));
    expect({ status: sameLength.status, code: sameLength.json()['code'] }).toEqual({ status: 422, code: 'key-reused' });
    expect((await send('k-1')).headers.get('idempotency-replayed')).toBe('true');
    expect((await send('k-2')).json()).toMatchObject({ status: 'Duplicate' });
    const somebodyElse = await place.token(ops);
    const theirs = await upload(place, somebodyElse, 'fileName=a.csv', csv, { 'Idempotency-Key': 'k-1' });
    expect(theirs.headers.get('idempotency-replayed')).toBeNull();
    expect((await send('wrong key')).status).toBe(400);
  });

  test('what failed may be tried again with the same key', async () => {
    const place = await openPlace(await open());
    const { mine } = await setStage(place);
    const as = await place.token(ops);
    const act = (what: string, body?: string) =>
      place.ask(`/api/v1/deliveries/${mine.delivery}/${what}`, {
        ...{ method: 'POST', as, headers: { 'Idempotency-Key': what } },
        ...(body === undefined ? {} : { body }),
      });
    expect((await act('settle', '{"reason":"   "}')).status).toBe(409);
    expect((await act('settle', '{"reason":"by mail"}')).status).toBe(200);
    expect((await act('release')).status).toBe(409);
  });

  test('two with one key at once: one works, the other is told so or gets its answer', async () => {
    const place = await openPlace(await open());
    const as = await place.token(ops);
    const both = await Promise.all(
      [1, 2].map(() => upload(place, as, 'fileName=a.csv', csv, { 'Idempotency-Key': 'same' })),
    );
    expect(await findSubmissions(place.store.read)).toHaveLength(1);
    for (const { status } of both) expect([202, 409]).toContain(status);
    expect(both.some(({ status }) => status === 202)).toBe(true);
  });

  test('a person’s cookie alone writes nothing: it takes our page and its token', async () => {
    const place = await openPlace(await open());
    const { mine } = await setStage(place);
    const { cookie, formToken } = await place.signIn('ops', ops);
    const act = (headers: Record<string, string>) =>
      place.ask(`/api/v1/deliveries/${mine.delivery}/release`, {
        method: 'POST',
        headers: { Cookie: cookie, ...headers },
      });
    const ours = { Origin: place.base, 'X-Form-Token': formToken };
    for (const forged of [
      {},
      { Origin: place.base },
      { ...ours, Origin: 'https://evil.example' },
      { ...ours, 'Sec-Fetch-Site': 'cross-site' },
      { ...ours, 'Sec-Fetch-Site': 'same-site' },
      { ...ours, 'X-Form-Token': 'guessed' },
      { ...ours, Origin: 'null' },
    ])
      expect((await act(forged)).json()).toMatchObject({ status: 403, code: 'wrong-origin' });
    expect((await act(ours)).status).toBe(200);
  });

  test('a wrong request is told what would be right, and nothing of the inside', async () => {
    const place = await openPlace(await open());
    const as = await place.token(ops);
    const status = async (path: string, init = {}) => {
      const answer = await place.ask(`/api/v1${path}`, { as, ...init });
      expect(answer.text).not.toMatch(/node_modules|\.ts:|zod|sqlite|select /i);
      return `${answer.status} ${String(answer.json()['object'])}`;
    };
    expect(await status('/batches?limit=0')).toBe('400 limit');
    expect(await status('/batches?limit=501')).toBe('400 limit');
    expect(await status('/batches?cursor=bm9uZQ')).toBe('400 cursor');
    expect(await status('/batches?fed=x')).toBe('400 fed');
    expect(await status('/batches?feed=a&feed=b')).toBe('400 feed');
    expect(await status('/batches?from=yesterday')).toBe('400 from');
    expect(await status('/deliveries?state=lost')).toBe('400 state');
    expect(await status('/transactions')).toBe('400 orderId');
    expect(await status('/nowhere')).toBe('404 this');
    const { mine } = await setStage(place);
    const settle = `/deliveries/${mine.delivery}/settle`;
    expect(await status(settle, { method: 'POST', body: '{' })).toBe('400 the body');
    expect(await status(settle, { method: 'POST', body: '{}' })).toBe('400 reason');
    expect(await status(settle, { method: 'POST', body: `{"reason":"${'x'.repeat(70_000)}"}` })).toBe(
      '413 the request',
    );
  });
});

describeStores('lists page by page', (open) => {
  test('newest first or oldest first, each thing once, also when more come in meanwhile', async () => {
    const place = await openPlace(await open());
    const as = await place.token(ops);
    const add = (n: number) => upload(place, as, `fileName=f${n}.csv`, `${csv}A-${n},1.00,OTHER\n`);
    for (let n = 1; n <= 5; n++) await add(n);
    const walk = async (order: string, meanwhile?: () => Promise<unknown>): Promise<number[]> => {
      const seen: number[] = [];
      for (let next: string | null = ''; next !== null;) {
        const cursor: string = next === '' ? '' : `&cursor=${next}`;
        const answer = await place.ask(`/api/v1/submissions?limit=2&order=${order}${cursor}`, { as });
        const page = answer.json<{ items: { id: number }[]; next: string | null }>();
        seen.push(...page.items.map(({ id }) => id));
        next = page.next;
        if (seen.length === 2) await meanwhile?.();
      }
      return seen;
    };
    expect(await walk('newest')).toEqual([5, 4, 3, 2, 1]);
    expect(await walk('newest', () => add(6))).toEqual([6, 5, 4, 3, 2, 1].slice(1));
    expect(await walk('oldest', () => add(7))).toEqual([1, 2, 3, 4, 5, 6, 7]);
    const other = (await place.ask('/api/v1/submissions?limit=2', { as })).json<{ next: string }>();
    expect((await place.ask(`/api/v1/submissions?order=oldest&cursor=${other.next}`, { as })).status).toBe(400);
  });

  test('the lines of a submission, all and those of one outcome', async () => {
    const place = await openPlace(await open());
    const { mine } = await setStage(place);
    const as = await place.token(ops);
    const rows = async (query: string) =>
      (await place.ask(`/api/v1/submissions/${mine.submission}/rows?${query}`, { as })).json<{
        items: { line: number }[];
        next: string | null;
      }>();
    expect((await rows('limit=2')).items.map(({ line }) => line)).toEqual([2, 3]);
    expect((await rows(`limit=2&cursor=${(await rows('limit=2')).next}`)).items.map(({ line }) => line)).toEqual([4]);
    expect((await rows('outcome=NO_CHANGE')).items).toHaveLength(3);
    expect((await rows('outcome=ACTION_NOT_FOUND')).items).toEqual([]);
  });

  test('personal data is in full for ops and masked for others', async () => {
    const place = await openPlace(await open());
    const { mine } = await setStage(place);
    const order = async (as: As) => (await place.ask(`/api/v1/transactions?orderId=${mine.order}`, { as })).text;
    expect(await order(await place.token(ops))).toContain('planted@shopper.example');
    const advertiser = await order(await place.token({ role: 'advertiser', eventTypes: [4521] }));
    expect(advertiser).toContain('"email":"p…@shopper.example"');
  });
});

/** The bytes of buffers that are really in use, looked at every second. */
const watchMemory = () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  let most = 0;
  const look = (): void => {
    collect();
    most = Math.max(most, process.memoryUsage().arrayBuffers);
  };
  look();
  const before = most;
  const timer = setInterval(look, 1000);
  return (): number => {
    clearInterval(timer);
    return most - before;
  };
};

test(`${largeMb} MB go in and out, and never more than a little of it is in memory`, async () => {
  const database = await freshDatabase('sqlite');
  const store = await openStore(database.url, '/');
  const place = await openPlace(store, { maxUpload: 4 * 1024 ** 3 });
  const as = (await place.token(ops)) as { token: string };
  const total = largeMb * 1024 ** 2;
  const held = watchMemory();
  expect(await sendBytes(place, as.token, total, total)).toBe(202);
  const headers = { Authorization: `Bearer ${as.token}` };
  const answer = await fetch(`${place.base}/api/v1/submissions/1/original`, { headers });
  let bytes = 0;
  for await (const chunk of answer.body ?? []) bytes += (chunk as Uint8Array).length;
  expect(bytes).toBe(total);
  expect(held() / 1024 ** 2).toBeLessThan(100);
  await store.close();
  await database.remove();
}, 300_000);
