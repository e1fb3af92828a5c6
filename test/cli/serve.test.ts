import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { afterEach, describe, expect, test } from 'vitest';
import { ledgerCsv, makePlace, nightdrop, nightdropYaml, partnerYaml, type Place, start } from './program.ts';
import { get, logged, logLines, serve, stop } from './service.ts';
import { until } from '../until.ts';

const cleanup: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const step of cleanup.splice(0).reverse()) await step();
});

const place = (): Place => {
  const here = makePlace();
  cleanup.push(here.remove);
  return here;
};

describe('serve', () => {
  test('with the sample: a file is there within seconds, loaded once; SIGTERM ends it with 0', async () => {
    const here = place();
    here.write('nightdrop.yaml', nightdropYaml(undefined, 'sample: true\n'));
    here.write('partners/acme.yaml', partnerYaml('* * * * *'));
    const first = await serve(here);
    expect(first.started.first).toEqual({ file: join(here.drop, 'acme_000001.csv'), rows: 2000 });
    await until(() => existsSync(join(here.drop, 'acme_000001.csv')), 'the file is in the drop');
    expect(await stop(first)).toBe(0);
    expect(logLines(first).map(({ msg }) => msg)).toEqual(expect.arrayContaining(['delivered', 'stopping', 'stopped']));

    const again = await serve(here);
    expect(again.started.first).toBeNull();
    expect(await stop(again)).toBe(0);
    expect((await here.run('prove', '--json')).code).toBe(0);
    expect(JSON.parse((await here.run('feeds', '--json')).stdout)).toMatchObject([{ watermark: 2000, pending: 0 }]);
  });

  test('with the sample: who removes the database and keeps the spool begins anew', async () => {
    const here = place();
    here.write('nightdrop.yaml', nightdropYaml(undefined, 'sample: true\n'));
    here.write('partners/acme.yaml', partnerYaml('0 2 * * *'));
    expect(await stop(await serve(here))).toBe(0);
    for (const end of ['', '-shm', '-wal']) rmSync(join(here.data, `nightdrop.db${end}`), { force: true });
    const anew = await serve(here);
    expect(anew.started.first).toMatchObject({ rows: 2000 });
    expect(await stop(anew)).toBe(0);
    expect(logLines(anew)).toContainEqual(expect.objectContaining({ feeds: ['acme'] }));
  });

  test('only the parts that were asked for run; the web answers', async () => {
    const here = place();
    const running = await serve(here, '--only', 'work,web');
    expect(running.started.parts).toEqual(['work', 'web']);
    expect((await get(running.started.web, '/healthz')).status).toBe(200);
    const ready = await get(running.started.web, '/readyz');
    expect(JSON.parse(ready.text)).toEqual({
      ok: true,
      checks: [
        { name: 'database', ok: true },
        { name: 'spool', ok: true },
        { name: 'scheduler', ok: true },
      ],
    });
    expect((await get(running.started.web, '/')).text).toContain('/readyz');
    expect((await get(running.started.web, '/nowhere')).status).toBe(404);
    expect(await stop(running)).toBe(0);
  });

  test('SIGHUP takes a good configuration', async () => {
    const here = place();
    const running = await serve(here);
    here.write('partners/other.yaml', partnerYaml().replaceAll('acme', 'other'));
    running.child.kill('SIGHUP');
    expect(await logged(running, 'the configuration was reloaded')).toMatchObject({ feeds: 2 });
    expect(await stop(running)).toBe(0);
  });

  test('a second signal ends it at once', async () => {
    const here = place();
    const running = await serve(here);
    // A lock on the database keeps the graceful end waiting.
    const db = new Database(join(here.data, 'nightdrop.db'));
    cleanup.push(() => Promise.resolve(void db.close()));
    db.exec('begin immediate');
    await fetch(new URL('/readyz', running.started.web ?? ''));
    running.child.kill('SIGTERM');
    await logged(running, 'stopping');
    await pause(1200); // what comes within a second counts as the same signal
    running.child.kill('SIGTERM');
    expect((await running.ended).code).toBe(1);
  });

  test('a port in use is named, with what to do; exit 1', async () => {
    const here = place();
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    cleanup.push(() => new Promise((resolve) => void other.close(() => resolve())));
    const { port } = other.address() as AddressInfo;
    here.write('nightdrop.yaml', `web: { listen: "127.0.0.1:${port}" }\n`);
    const { code, stderr } = await here.run('serve');
    expect(code).toBe(1);
    expect(stderr).toContain(`listen on 127.0.0.1:${port}: the port is in use by another program`);
    expect(stderr).toContain('web.listen');
  });
});

test('planted secrets and personal data are nowhere in what the program says', async () => {
  const here = place();
  const planted = {
    PLANTED_PASSWORD: 'hunter2-planted-password',
    PLANTED_HOOK: 'https://hooks.example.test/planted-token',
  };
  here.write(
    'nightdrop.yaml',
    nightdropYaml(undefined, 'alerts: [{ webhook: { env: PLANTED_HOOK } }]\nlogLevel: debug\n'),
  );
  const sftp = `  acme-sftp:
    kind: sftp
    host: 127.0.0.1
    port: 1
    user: nightdrop
    password: { env: PLANTED_PASSWORD }
    hostKeys: ["SHA256:${'A'.repeat(43)}"]
    folder: /inbound
`;
  here.write(
    'partners/acme.yaml',
    `${partnerYaml().replace('drops: [acme-folder]', 'drops: [acme-folder, acme-sftp]')}${sftp}`,
  );
  writeFileSync(join(here.folder, 'orders.csv'), ledgerCsv(1, 3));
  const common = ['--config', here.config, '--data', here.data];
  const commands = [
    ['ledger', 'add', join(here.folder, 'orders.csv')],
    ['check'],
    ['export', 'acme'],
    ['export', 'acme', '--json'],
    ['deliveries'],
    ['trace', 'ORDER-1'],
    ['deliveries', 'resend', '1'],
  ];
  let said = '';
  for (const command of commands) {
    const { stdout, stderr } = await nightdrop([...command, ...common], { env: planted });
    said += stdout + stderr;
  }
  const service = start(['serve', ...common], { env: planted });
  await until(() => service.said.stdout.includes('Ctrl-C'), 'serve says that it runs');
  // A wrong configuration shows values: never those of secrets.
  here.write('nightdrop.yaml', 'database: { url: "postgres://u:hunter2-planted-password@127.0.0.1/x" }\n');
  service.child.kill('SIGHUP');
  await until(() => service.said.stderr.includes('not reloaded'), 'the reload is refused');
  service.child.kill('SIGTERM');
  const { stdout, stderr } = await service.ended;
  said += stdout + stderr + (await nightdrop(['check', ...common], { env: planted })).stdout;
  expect(said).toContain('acme-sftp');
  for (const secret of ['hunter2-planted-password', 'planted-token', 'shopper1@example.test'])
    expect(said.includes(secret), secret).toBe(false);
  expect(readFileSync(join(here.drop, 'acme_000001.csv'), 'utf8')).toContain('shopper1@example.test');
});
