import { readdir, readlink } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { describeStores } from '../../stores.ts';
import { openPlace } from '../place.ts';
import { setStage } from './stage.ts';

const openIn = async (folder: string): Promise<string[]> => {
  const names = await readdir('/proc/self/fd');
  const links = await Promise.all(names.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => '')));
  return links.filter((one) => one.startsWith(folder));
};

describeStores('downloads that nobody reads', (open) => {
  test('HEAD and a client that goes away leave no file open', async () => {
    const place = await openPlace(await open());
    const { mine } = await setStage(place);
    const files = async () => (await readdir(place.spool.folder)).length;
    await place.spool.draft().then(async (draft) => {
      await draft.handle.writeFile(Buffer.alloc(64 * 1024 ** 2));
      const spool = await draft.keep();
      await place.store.write(
        async ({ knex }) => void (await knex('batches').where({ id: mine.batch }).update({ spool })),
      );
    });
    const kept = await files();
    const as = (await place.token({ role: 'ops' })) as { token: string };
    const headers = { Authorization: `Bearer ${as.token}` };
    const url = `${place.base}/api/v1/batches/${mine.batch}/file`;
    const head = (from: string) => fetch(from, { method: 'HEAD', headers });
    for (let i = 0; i < 5; i++) expect((await head(url)).headers.get('content-length')).toBe(String(64 * 1024 ** 2));
    const frame = await head(`${place.base}/api/v1/feeds/acme-nightly/frame/file?from=2026-11-01&to=2026-12-01`);
    expect({ status: frame.status, named: frame.headers.has('content-disposition') }).toEqual({
      status: 200,
      named: true,
    });
    await expect.poll(() => openIn(place.spool.folder), { timeout: 20_000 }).toEqual([]);
    const leave = new AbortController();
    const answer = await fetch(url, { headers, signal: leave.signal });
    await answer.body?.getReader().read();
    leave.abort();
    await expect.poll(() => openIn(place.spool.folder), { timeout: 20_000 }).toEqual([]);
    await expect.poll(files, { timeout: 20_000 }).toBe(kept);
  });
});
