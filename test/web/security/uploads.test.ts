import { readdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { applyQueued } from '../../../src/inbound/submission/apply-queue.ts';
import { fileInForm } from '../../../src/web/multipart.ts';
import { describeStores } from '../../stores.ts';
import { eventType, openPlace, type PlaceOfWeb } from '../place.ts';
import { somebody } from './somebody.ts';

const advertiser = { role: 'advertiser', eventTypes: [4521] } as const;
const boundary = 'x-boundary';

const field = (name: string, value: string): string =>
  `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
const fileNamed = (name: string, text: string, more = ''): string =>
  `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="${name}"\r\n${more}\r\n${text}\r\n`;
const end = `--${boundary}--\r\n`;

const sending = (place: PlaceOfWeb, { cookie, formToken }: Awaited<ReturnType<typeof somebody>>) => {
  const query = new URLSearchParams({ eventType: '4521', formToken }).toString();
  const usual = { Cookie: cookie, Origin: place.base, 'Content-Type': `multipart/form-data; boundary=${boundary}` };
  return (body: string, headers = {}) =>
    place.ask(`/import?${query}`, { method: 'POST', headers: { ...usual, ...headers }, body: Buffer.from(body) });
};

/** Forms that no browser sends, and what is wrong with them; short, so that all of one has come when it is refused. */
const broken: Record<string, string> = {
  'nothing at all': '',
  'only its end': end,
  'cut off in the head': `--${boundary}\r\nContent-Disposition: form-data; name="file"; filen`,
  'cut off in the file': `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\nOrderId,Am`,
  'no file': field('a', 'b') + end,
  'two hundred fields': field('a', 'b').repeat(200) + fileNamed('a.csv', 'x') + end,
  'a field that does not end': field('a', 'x'.repeat(17_000)) + fileNamed('a.csv', 'x') + end,
  'a head that does not end': `--${boundary}\r\n${'X: y\r\n'.repeat(3000)}`,
  'another boundary': (fileNamed('a.csv', 'x') + end).replaceAll(boundary, 'y-boundary'),
  'a form in the form': `--${boundary}\r\nContent-Disposition: form-data; name="file"\r\nContent-Type: multipart/mixed; boundary=in\r\n\r\n--in--\r\n${end}`,
  'a name that is none': fileNamed('..', 'x') + end,
  'a path without a name': fileNamed('/etc/', 'x') + end,
};

describeStores('an upload that means harm', (open) => {
  test('is refused with a reason, and nothing of it is kept', async () => {
    const place = await openPlace(await open());
    const send = sending(place, await somebody(place, advertiser, 'kim'));
    for (const [what, form] of Object.entries(broken)) {
      const { status, text } = await send(form);
      expect({ what, status }).toEqual({ what, status: 400 });
      expect(text, what).toContain('What to do');
    }
    for (const type of ['multipart/form-data', 'multipart/form-data; boundary=', `multipart/form-data; boundary="`]) {
      const { status } = await send(fileNamed('a.csv', 'x') + end, { 'Content-Type': type });
      expect({ type, status }).toEqual({ type, status: 400 });
    }
    expect(await place.store.read('submissions')).toEqual([]);
    await expect.poll(() => readdir(place.spool.folder), { timeout: 30_000 }).toEqual([]);
    expect(place.errors).toEqual([]);
  });

  test('is shown as text: markup, formulas, and what turns text around, in names, headers and cells', async () => {
    const place = await openPlace(await open());
    const who = await somebody(place, advertiser, 'kim');
    const as = { ...who };
    const evil = '<img src=x onerror=alert(1)>';
    const header = [`OrderId${evil}`, 'Amount', 'Reason', "';alert(1)//", '\u202eevil', 'a" onfocus="alert(1)'];
    const cells = [
      `<script>alert(1)</script>`,
      '=HYPERLINK("http://evil")',
      '\u202egpj',
      '"""',
      '@SUM(1)',
      '&lt;b&gt;',
    ];
    const line = (values: readonly string[]) => `${values.map((one) => `"${one.replaceAll('"', '""')}"`).join()}\r\n`;
    const csv = line(header) + line(cells);
    const sent = await sending(place, who)(fileNamed(`${evil}\u202egpj.csv`, csv) + end);
    expect(sent.status).toBe(303);
    const columns = sent.headers.get('location') ?? '';
    await applyQueued(place, eventType(4521), { signal: new AbortController().signal });
    for (const path of [columns, columns.replace('/columns', ''), '/submissions', '/overview']) {
      const { status, text } = await place.ask(path, { as });
      expect(status, path).toBe(200);
      expect(text, path).toContain('&lt;img src=x onerror=alert(1)&gt;[U+202E]gpj.csv');
      expect(text, path).not.toMatch(/<img|<script>|\son\w+="|[\u202a-\u202e\u2066-\u2069]/);
    }
    const shown = (await place.ask(columns, { as })).text;
    for (const cell of ['&lt;script&gt;alert(1)&lt;/script&gt;', '=HYPERLINK(', '[U+202E]gpj', '&amp;lt;b&amp;gt;'])
      expect(shown).toContain(cell);
    const order = await place.ask(`/trace?order=${encodeURIComponent(evil)}`, { as });
    expect(order.text).not.toContain('<img');
  });

  test('cells that a spreadsheet would calculate are guarded in the result', async () => {
    const place = await openPlace(await open());
    const as = await place.token(advertiser);
    const csv = 'OrderId,ActionTrackerId,Amount,Reason\n=1+1,4521,-12.50,OTHER\n@x,4521,0,OTHER\n+cmd|x,4521,1,OTHER\n';
    const query = 'eventType=4521&fileName=a.csv';
    const made = await place.ask(`/api/v1/submissions?${query}`, { method: 'POST', as, body: csv });
    await applyQueued(place, eventType(4521), { signal: new AbortController().signal });
    const path = `/api/v1/submissions/${String(made.json()['id'])}`;
    const result = (await place.ask(`${path}/result`, { as })).text;
    expect(result).toMatch(/^'=1\+1,4521,-12\.50,/m);
    expect(result).toMatch(/^'@x,/m);
    expect(result).toMatch(/^'\+cmd\|x,/m);
    expect((await place.ask(`${path}/original`, { as })).text).toBe(csv);
  });
});

test('a form without end is given up long before it has come', async () => {
  let fields = 0;
  async function* endless(): AsyncGenerator<Buffer> {
    for (;;) {
      fields++;
      yield await Promise.resolve(Buffer.from(field('a', 'b')));
    }
  }
  const type = `multipart/form-data; boundary=${boundary}`;
  await expect(fileInForm(endless(), type)).rejects.toMatchObject({ code: 'usage' });
  expect(fields).toBeLessThan(200);
  async function* behind(): AsyncGenerator<Buffer> {
    yield Buffer.from(fileNamed('a.csv', 'text') + end);
    for (;;) {
      fields++;
      yield await Promise.resolve(Buffer.alloc(1000));
    }
  }
  const { bytes } = await fileInForm(behind(), type);
  const taken = async (): Promise<string> => {
    let text = '';
    for await (const piece of bytes) text += piece.toString();
    return text;
  };
  await expect(taken()).rejects.toMatchObject({ code: 'usage' });
  expect(fields).toBeLessThan(400);
});
