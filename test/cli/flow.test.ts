import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, inject, test } from 'vitest';
import { freshDatabase } from '../stores.ts';
import { ledgerCsv, makePlace, partnerYaml, type Place } from './program.ts';

const cleanup: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const step of cleanup.splice(0).reverse()) await step();
});

const json = (text: string) => JSON.parse(text) as Record<string, unknown>;
const list = (text: string) => JSON.parse(text) as Record<string, unknown>[];

for (const kind of ['sqlite', 'postgres'] as const) {
  const missing = kind === 'postgres' && 'missing' in inject('postgres');
  describe.skipIf(missing)(`from a ledger file to the drop on ${kind === 'sqlite' ? 'SQLite' : 'PostgreSQL'}`, () => {
    const makeHere = async (): Promise<Place> => {
      const database = kind === 'sqlite' ? undefined : await freshDatabase('postgres');
      const here = makePlace(database?.url);
      if (database) cleanup.push(database.remove);
      cleanup.push(here.remove);
      return here;
    };
    const addOrders = async (here: Place, first: number, count: number) => {
      const file = join(here.folder, `orders-${first}.csv`);
      writeFileSync(file, ledgerCsv(first, count));
      return here.run('ledger', 'add', file, '--json');
    };

    test('adds, exports, delivers; each row once; then nothing is new', async () => {
      const here = await makeHere();
      const added = await addOrders(here, 1, 3);
      expect(added.code).toBe(0);
      expect(json(added.stdout)).toEqual({ added: 3, unchanged: 0, errors: 0, problems: [] });
      expect(json((await addOrders(here, 1, 3)).stdout)).toMatchObject({ added: 0, unchanged: 3 });

      const first = await here.run('export', 'acme', '--json');
      expect(first.code).toBe(0);
      expect(json(first.stdout)).toMatchObject({ feed: 'acme', number: 1, rows: 3, fileName: 'acme_000001.csv' });
      expect(json(first.stdout)['deliveries']).toMatchObject([
        { state: 'delivered', drop: 'acme-folder', attempts: 1 },
      ]);
      expect(readFileSync(join(here.drop, 'acme_000001.csv'), 'utf8').split('\r\n').slice(0, 2)).toEqual([
        'transactionId,orderId,amount,email',
        expect.stringMatching(/,ORDER-1,10\.00,shopper1@example\.test$/),
      ]);

      const nothing = await here.run('export', 'acme', '--json');
      expect(nothing.code).toBe(3);
      expect(json(nothing.stdout)).toEqual({ feed: 'acme', number: null, rows: 0, fileName: null, deliveries: [] });

      await addOrders(here, 4, 2);
      expect(json((await here.run('export', 'acme', '--json')).stdout)).toMatchObject({ number: 2, rows: 2 });
      const proof = await here.run('prove', '--json');
      expect(proof.code).toBe(0);
      expect(json(proof.stdout)).toEqual({
        ok: true,
        feeds: [{ feed: 'acme', transactions: 5, batches: 2, missing: 0, doubled: 0, damaged: 0 }],
      });
    });

    test('a batch over the bounds of its feed waits for its release, and those behind it for their turn', async () => {
      const here = await makeHere();
      here.write(
        'partners/acme.yaml',
        partnerYaml('0 2 * * *', '    hold: { rowsOver: 5, amountOver: { USD: 29.99 } }'),
      );
      await addOrders(here, 1, 3);
      const made = await here.run('export', 'acme', '--json');
      expect(made.code).toBe(1);
      const [held] = json(made.stdout)['deliveries'] as Record<string, unknown>[];
      expect(json(made.stdout)).toMatchObject({ number: 1, rows: 3, fileName: 'acme_000001.csv' });
      expect(held).toMatchObject({
        ...{ state: 'held', attempts: 0 },
        error: expect.stringContaining('its amounts come to USD 30.00, and the bound is USD 29.99') as string,
      });
      await addOrders(here, 4, 1);
      const behind = await here.run('export', 'acme');
      expect([behind.code, behind.stderr]).toEqual([1, expect.stringContaining('1 delivery held for a person')]);
      expect(existsSync(here.drop) ? readdirSync(here.drop) : []).toEqual([]);
      expect((await here.run('feeds')).stdout).toMatch(/waits over\s+acme .*5 rows, USD 29\.99/s);
      expect(list((await here.run('feeds', '--json')).stdout)).toMatchObject([
        { watermark: 4, hold: { rowsOver: 5, amountOver: { USD: '29.99' } } },
      ]);
      expect((await here.run('deliveries', 'release', String(held?.['id']))).code).toBe(0);
      expect((await here.run('deliveries', 'release', String(held?.['id']))).code).toBe(2);
      expect((await here.run('export', 'acme', '--json')).code).toBe(0);
      expect(readdirSync(here.drop).sort()).toEqual(['acme_000001.csv', 'acme_000002.csv']);
      expect((await here.run('prove')).code).toBe(0);
    });

    test('lists have the agreed keys, and trace tells the story of an order', async () => {
      const here = await makeHere();
      await addOrders(here, 1, 2);
      await here.run('export', 'acme');
      const [feed] = list((await here.run('feeds', '--json')).stdout);
      expect(Object.keys(feed ?? {}).join(' ')).toBe('feed partner schedule timezone watermark pending nextRun');
      expect(feed).toMatchObject({ feed: 'acme', watermark: 2, pending: 0 });
      const [batch] = list((await here.run('batches', '--json')).stdout);
      expect(Object.keys(batch ?? {}).join(' ')).toBe(
        'id feed number occurrence fromSequence toSequence rows fileName bytes sha256 frozenAt expired companions',
      );
      const [delivery] = list((await here.run('deliveries', '--json')).stdout);
      const agreed =
        'id batch feed drop state attempts remoteName bytes startedAt deliveredAt seen pickedUp error'.split(' ');
      expect(Object.keys(delivery ?? {})).toEqual(expect.arrayContaining(agreed));
      const shown = list((await here.run('ledger', 'show', 'ORDER-2', '--json')).stdout);
      expect(shown).toMatchObject([{ orderId: 'ORDER-2', amount: '10.00', journal: [{ change: 'created' }] }]);
      const traced = await here.run('trace', 'ORDER-2', '--json');
      expect(traced.code).toBe(0);
      expect(list(traced.stdout).map(({ what }) => what)).toEqual(['created', 'frozen', 'planned', 'delivered']);
      expect((await here.run('trace', 'ORDER-9')).code).toBe(3);
      expect((await here.run('ledger', 'show', 'ORDER-9', '--json')).stdout).toBe('[]\n');
    });

    test('a bad row is shown and does not stop the others', async () => {
      const here = await makeHere();
      const file = join(here.folder, 'orders.csv');
      writeFileSync(file, ledgerCsv(1, 3).replace('ORDER-2,2026-11-20T10:00:00Z,10.00', 'ORDER-2,yesterday,ten'));
      const { code, stdout } = await here.run('ledger', 'add', file, '--json');
      expect(code).toBe(1);
      const result = json(stdout);
      expect(result).toMatchObject({ added: 2, unchanged: 0, errors: 1 });
      expect(result['problems']).toEqual([
        { line: 3, column: 'eventDate', value: 'yesterday', reason: expect.any(String) as string },
        { line: 3, column: 'amount', value: 'ten', reason: expect.any(String) as string },
      ]);
    });
  });
}

describe('what goes wrong on the way', () => {
  const withOrders = async (feed = ''): Promise<Place> => {
    const here = makePlace();
    cleanup.push(here.remove);
    if (feed !== '') here.write('partners/acme.yaml', feed);
    const file = join(here.folder, 'orders.csv');
    writeFileSync(file, ledgerCsv(1, 3));
    await here.run('ledger', 'add', file);
    return here;
  };

  test('a drop that is not there: exit 1, held with a hint; release sends the same bytes under the same name', async () => {
    const here = await withOrders(partnerYaml().replace('folder: drop', 'folder: ../nowhere'));
    const failed = await here.run('export', 'acme', '--json');
    expect(failed.code).toBe(1);
    const { deliveries, fileName } = json(failed.stdout) as { deliveries: Record<string, unknown>[]; fileName: string };
    expect(deliveries).toMatchObject([{ state: 'held', error: expect.stringContaining('not there') as string }]);
    // Nothing is new, and the held delivery waits for a person: told on stderr.
    const again = await here.run('export', 'acme');
    expect(again.code).toBe(3);
    expect(again.stderr).toContain('1 delivery held');
    const [batch] = list((await here.run('batches', '--json')).stdout);

    here.write('partners/acme.yaml', partnerYaml());
    const released = await here.run('deliveries', 'release', '1', '--json');
    expect(released).toMatchObject({ code: 0, stderr: '' });
    expect(json(released.stdout)).toMatchObject({ id: 1, state: 'delivered', remoteName: fileName });
    expect(readFileSync(join(here.drop, fileName)).length).toBe(batch?.['bytes']);
  });

  test('resend: 3 when the same bytes lie there, otherwise they are sent again', async () => {
    const here = await withOrders();
    await here.run('export', 'acme');
    const same = await here.run('deliveries', 'resend', '1', '--json');
    expect(same.code).toBe(3);
    expect(json(same.stdout)).toMatchObject({ id: 1, state: 'delivered' });
    const file = join(here.drop, 'acme_000001.csv');
    const bytes = readFileSync(file);
    rmSync(file);
    expect((await here.run('deliveries', 'resend', '1')).code).toBe(0);
    expect(readFileSync(file).equals(bytes)).toBe(true);
    expect((await here.run('deliveries', 'resend', '77')).code).toBe(2);
    expect((await here.run('deliveries', 'settle', '1')).stderr).toContain('--reason TEXT');
  });

  test('a manual export over a time frame moves no watermark', async () => {
    const here = await withOrders();
    const out = join(here.folder, 'november.csv');
    const frame = ['--from', '2026-11-01', '--to', '2026-12-01', '--by', 'event'];
    const written = await here.run('export', 'acme', ...frame, '--out', out, '--json');
    expect(written.code).toBe(0);
    expect(json(written.stdout)).toEqual({ feed: 'acme', number: null, rows: 3, fileName: out, deliveries: [] });
    expect(readFileSync(out, 'utf8').split('\r\n')).toHaveLength(5);
    const sent = await here.run('export', 'acme', ...frame, '--deliver', '--json');
    expect(json(sent.stdout)).toMatchObject({ number: null, rows: 3, deliveries: [{ state: 'delivered' }] });
    expect(readdirSync(here.drop)).toEqual([expect.stringContaining('manual')]);
    expect(list((await here.run('feeds', '--json')).stdout)).toMatchObject([{ watermark: 0, pending: 3 }]);
    for (const wrong of [[...frame], [...frame, '--out', out, '--deliver'], ['--deliver', '--to', '2026-12-01']]) {
      expect((await here.run('export', 'acme', ...wrong)).code, wrong.join(' ')).toBe(2);
    }
  });

  test('a manual export: not to a folder, not to the drops of a retired feed, and gzip is said', async () => {
    const here = await withOrders();
    const frame = ['--from', '2026-11-01', '--to', '2026-12-01', '--by', 'event'];
    const toFolder = await here.run('export', 'acme', ...frame, '--out', here.folder);
    expect(toFolder.code).toBe(1);
    expect(toFolder.stderr).toContain('it is a folder');
    expect(toFolder.stderr).not.toContain('report it');
    const out = join(here.folder, 'november.csv');
    const withFile = (more: string) => partnerYaml().replace('    file:\n', `${more}    file:\n`);
    here.write('partners/acme.yaml', withFile('').replace('      name:', '      compress: gzip\n      name:'));
    const packed = await here.run('export', 'acme', ...frame, '--out', out, '--json');
    expect(packed.stderr).toContain(`${out} is gzip`);
    expect(json(packed.stdout)).toMatchObject({ fileName: out, rows: 3 });
    expect([...readFileSync(out).subarray(0, 2)]).toEqual([0x1f, 0x8b]);
    expect((await here.run('export', 'acme', ...frame, '--out', `${out}.gz`)).stderr).toBe('');
    here.write('partners/acme.yaml', withFile('    retired: true\n'));
    const sent = await here.run('export', 'acme', ...frame, '--deliver');
    expect(sent).toMatchObject({ code: 2, stdout: '' });
    expect(sent.stderr).toContain('it is retired\n    its partner gets nothing any more: use --out FILE');
    expect((await here.run('export', 'acme', ...frame, '--out', out)).code).toBe(0);
  });

  test('a feed with history that leaves the configuration is a problem for check and export', async () => {
    const here = await withOrders();
    await here.run('export', 'acme');
    here.write('partners/acme.yaml', partnerYaml().replace('  acme:', '  acme-new:'));
    const checked = await here.run('check', '--json');
    expect(checked.code).toBe(2);
    expect(list(checked.stdout)).toMatchObject([
      { field: 'feeds.acme', hint: expect.stringContaining('formerly') as string },
    ]);
    expect((await here.run('export', 'acme-new')).code).toBe(2);
    here.write('partners/acme.yaml', partnerYaml('0 2 * * *', '    formerly: acme').replace('  acme:', '  acme-new:'));
    expect((await here.run('check')).code).toBe(0);
  });

  test('prove fails when a frozen file was changed', async () => {
    const here = await withOrders();
    await here.run('export', 'acme');
    const spool = join(here.data, 'spool');
    const [name = ''] = readdirSync(spool).filter((one) => one !== 'notes');
    writeFileSync(join(spool, name), 'something else');
    const { code, stdout } = await here.run('prove', '--json');
    expect(code).toBe(1);
    expect(json(stdout)).toMatchObject({ ok: false, feeds: [{ damaged: 1 }] });
  });
});
