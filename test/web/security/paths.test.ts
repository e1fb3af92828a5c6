import { readdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { describeStores } from '../../stores.ts';
import { setStage } from '../api/stage.ts';
import { openPlace } from '../place.ts';
import { rawRequest } from './somebody.ts';

const climbing = ['../', '..%2f', '%2e%2e/', '%2e%2e%2f', '..\\', '..%5c', '%252e%252e%252f', '..%c0%af', '....//'];
const targets = ['etc/passwd', 'package.json', 'nightdrop.db', 'spool'];

/** Where a name or an id of a request stands in a path. */
const places = [
  ...['/assets/', '/assets/console-', '/event-types/4521/templates/', '/drops/', '/batches/', '/submissions/'],
  ...['/api/v1/batches/', '/api/v1/submissions/', '/api/v1/deliveries/', '/', '/sign-in/'],
];

const tokenHeaders = (as: unknown) => ({ Authorization: `Bearer ${(as as { token: string }).token}` });

describeStores('a path that leads out of its folder', (open) => {
  test('finds nothing, however it is written', async () => {
    const place = await openPlace(await open());
    await setStage(place);
    let asker = tokenHeaders(await place.token({ role: 'ops' }));
    for (const [i, at] of places.entries()) {
      asker = tokenHeaders(await place.token({ role: 'ops' }));
      for (const up of climbing)
        for (const target of targets) {
          const path = `${at}${up.repeat(i === 0 ? 12 : 6)}${target}`;
          const { status, text } = await rawRequest(place, path, asker);
          expect([400, 404], `${path}: ${status}`).toContain(status);
          expect(text).not.toMatch(/root:|"dependencies"|SQLite format/);
        }
    }
    expect(place.errors).toEqual([]);
  });

  test('an id is a number written plainly, and nothing else names a thing', async () => {
    const place = await openPlace(await open());
    const { mine, theirs } = await setStage(place);
    const ids = ['01', '+1', '-1', '1.0', '1e0', '0x1', '%31%20', '%EF%BC%91', '1%00', '1;', '1,2', '1%0a', '٠1', ' 1'];
    const headers = tokenHeaders(await place.token({ role: 'ops' }));
    for (const id of ids)
      for (const path of [`/submissions/${id}`, `/api/v1/submissions/${id}/original`, `/api/v1/batches/${id}/file`]) {
        const { status } = await rawRequest(place, encodeURI(decodeURI(path)), headers);
        expect({ path, status }).toEqual({ path, status: 404 });
      }
    const own = tokenHeaders(await place.token({ role: 'advertiser', eventTypes: [4521] }));
    const [a, b] = [mine.submission, theirs.submission];
    for (const path of [`${a}/../${b}`, `${a}%2f..%2f${b}`, `${a}/%2e%2e/${b}`, `${a},${b}`, `${b}?id=${a}`]) {
      const answer = await rawRequest(place, `/api/v1/submissions/${path}/original`, own);
      const rest = await rawRequest(place, `/api/v1/submissions/${b}/original?id=${a}`, own);
      expect([answer.status, rest.status], path).not.toContain(200);
    }
  });

  test('a name among the files of a batch is one of its own', async () => {
    const place = await openPlace(await open());
    const { mine } = await setStage(place);
    const as = await place.token({ role: 'partner', partners: ['acme'], feeds: [] });
    const file = (name: string) =>
      place.ask(`/api/v1/batches/${mine.batch}/file?${new URLSearchParams({ name }).toString()}`, { as });
    expect((await file('acme_1.csv')).status).toBe(200);
    const inSpool = (await readdir(place.spool.folder)).flatMap((name) => [name, `../spool/${name}`]);
    for (const name of ['bolt_1.csv', '../acme_1.csv', 'ACME_1.CSV', './acme_1.csv', '', '__proto__', ...inSpool])
      expect({ name, status: (await file(name)).status }).toEqual({ name, status: 404 });
  });

  test('an uploaded file lies under a name of ours, whatever it is called', async () => {
    const place = await openPlace(await open());
    const as = await place.token({ role: 'ops' });
    const around = await readdir(place.folder);
    for (const name of ['../../evil.csv', '/etc/cron.d/evil', '..\\evil.csv', 'C:\\evil.csv', '.evil', 'CON.csv']) {
      const query = new URLSearchParams({ eventType: '4521', fileName: name }).toString();
      const made = await place.ask(`/api/v1/submissions?${query}`, { method: 'POST', as, body: `OrderId\n${name}\n` });
      expect(made.status).toBe(202);
      expect(String(made.json()['fileName'])).not.toMatch(/[/\\]/);
    }
    expect(await readdir(place.folder)).toEqual(around);
    const kept = await readdir(place.spool.folder, { recursive: true });
    expect(kept.filter((name) => /evil|CON|passwd/.test(name))).toEqual([]);
  });
});
