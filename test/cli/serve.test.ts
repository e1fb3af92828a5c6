import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createSilentServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { afterEach, describe, expect, test } from 'vitest';
import {
  ledgerCsv,
  makePlace,
  nightdrop,
  nightdropYaml,
  partnerYaml,
  type Place,
  type Running,
  start,
  until,
} from './program.ts';

const cleanup: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const step of cleanup.splice(0).reverse()) await step();
});

const place = (): Place => {
  const here = makePlace();
  cleanup.push(here.remove);
  return here;
};

interface Started {
  parts: string[];
  web: string | null;
  drops: { drop: string; place: string }[];
  first: { file: string; rows: number } | null;
}

/** Starts `serve --json` and waits until it says that it runs. */
const serve = async (here: Place, ...args: string[]): Promise<Running & { started: Started }> => {
  const running = here.start('serve', '--json', ...args);
  const ended = running.ended.then(({ code, stderr }) => {
    throw new Error(`serve ended with ${code}: ${stderr}`);
  });
  ended.catch(() => undefined);
  await Promise.race([until(() => running.said.stdout.endsWith('}\n'), 'serve says that it runs', 40_000), ended]);
  return { ...running, started: JSON.parse(running.said.stdout) as Started };
};

const logLines = ({ said }: Running): Record<string, unknown>[] =>
  said.stderr
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);

const logged = (running: Running, message: string) =>
  until(() => logLines(running).find(({ msg }) => msg === message), `the log says "${message}"`);

const stop = async (running: Running): Promise<number | null> => {
  running.child.kill('SIGTERM');
  return (await running.ended).code;
};

const get = async (url: string | null, path: string): Promise<{ status: number; text: string }> => {
  const answer = await fetch(new URL(path, url ?? ''));
  return { status: answer.status, text: await answer.text() };
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

  test('runs a feed by the clock, also after SIGHUP with a configuration that has problems', async () => {
    const here = place();
    here.write('partners/acme.yaml', partnerYaml('* * * * *'));
    writeFileSync(join(here.folder, 'orders.csv'), ledgerCsv(1, 2));
    await here.run('ledger', 'add', join(here.folder, 'orders.csv'));
    const running = await serve(here);
    here.write('partners/acme.yaml', partnerYaml('61 * * * *').replace('Australia/Sydney', 'Mars/Base'));
    running.child.kill('SIGHUP');
    await logged(running, 'the configuration was not reloaded: the one before stays in force');
    const fields = logLines(running).flatMap(({ problem }) => (problem as { field: string } | undefined)?.field ?? []);
    expect(fields).toEqual(['feeds.acme.schedule', 'feeds.acme.timezone']);
    await until(() => existsSync(join(here.drop, 'acme_000001.csv')), 'the file of the next minute', 75_000);
    expect(await logged(running, 'frozen')).toMatchObject({
      feed: 'acme',
      number: 1,
      rows: 2,
      fileName: 'acme_000001.csv',
    });
    const { text } = await get(running.started.web, '/metrics');
    expect(text).toContain('nightdrop_batches_frozen{feed="acme"} 1');
    expect(text).toContain('nightdrop_rows_frozen{feed="acme"} 2');
    expect(text).toMatch(/nightdrop_deliveries\{state="delivered"\} [01]\n/);
    expect(text).toMatch(/nightdrop_feed_last_run_timestamp_seconds\{feed="acme",outcome="frozen"\} \d+/);
    expect(text).toContain('nightdrop_nodejs_eventloop_lag_p99_seconds');
    expect(await stop(running)).toBe(0);
  }, 120_000);

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

/** What accepts connections and never says a word. */
const silentServer = async () => {
  const sockets: Socket[] = [];
  const server = createSilentServer((socket) => void sockets.push(socket.on('error', () => undefined)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanup.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => void server.close(resolve));
  });
  return { port: (server.address() as AddressInfo).port, connections: () => sockets.length };
};

const sftpYaml = (port: number): string => `  acme-sftp:
    kind: sftp
    host: 127.0.0.1
    port: ${port}
    user: nightdrop
    password: { file: password }
    hostKeys: ["SHA256:${'A'.repeat(43)}"]
`;

describe('told to stop while a server is silent', () => {
  const endsIn20s = async (running: Running, signal: NodeJS.Signals): Promise<number | null> => {
    running.child.kill(signal);
    const late = pause(20_000, undefined, { ref: false }).then(() =>
      Promise.reject(new Error('still runs after 20 s')),
    );
    return (await Promise.race([running.ended, late])).code;
  };

  test('export and serve end within 20 seconds, and nothing is lost', async () => {
    const here = place();
    const server = await silentServer();
    here.write('partners/acme.yaml', partnerYaml().replace('[acme-folder]', '[acme-sftp]') + sftpYaml(server.port));
    mkdirSync(here.data, { recursive: true });
    writeFileSync(join(here.data, 'password'), 'x', { mode: 0o600 });
    writeFileSync(join(here.folder, 'orders.csv'), ledgerCsv(1, 2));
    expect((await here.run('ledger', 'add', join(here.folder, 'orders.csv'))).code).toBe(0);

    const exporting = here.start('export', 'acme', '--json');
    await until(() => server.connections() === 1, 'export has called');
    expect(await endsIn20s(exporting, 'SIGINT')).toBe(1);
    expect(exporting.said.stderr).not.toMatch(/report it|\n\s+at /);
    expect(JSON.parse(exporting.said.stdout)).toBeInstanceOf(Object);

    const serving = await serve(here);
    await until(() => server.connections() === 2, 'serve has called', 40_000);
    expect(await endsIn20s(serving, 'SIGTERM')).toBe(0);
    const left = JSON.parse((await here.run('deliveries', '--json')).stdout) as unknown;
    expect(left).toMatchObject([{ state: 'pending', drop: 'acme-sftp' }]);
  }, 120_000);
});

describe('trouble with what lasts', () => {
  test('a locked database is a clear error, and nothing is lost', async () => {
    const here = place();
    writeFileSync(join(here.folder, 'orders.csv'), ledgerCsv(1, 2));
    await here.run('ledger', 'add', join(here.folder, 'orders.csv'));
    const db = new Database(join(here.data, 'nightdrop.db'));
    db.exec('begin immediate');
    try {
      const { code, stderr } = await here.run('export', 'acme');
      expect(code).toBe(1);
      expect(stderr).toContain('another process holds its lock');
    } finally {
      db.close();
    }
    expect((await here.run('export', 'acme')).code).toBe(0);
  }, 120_000);

  test.skipIf(process.getuid?.() !== 0)('a read-only spool is a clear error, and nothing is lost', async () => {
    const here = place();
    writeFileSync(join(here.folder, 'orders.csv'), ledgerCsv(1, 2));
    await here.run('ledger', 'add', join(here.folder, 'orders.csv'));
    // As root nothing is read-only: the program runs as nobody, who may write everything here but the spool.
    const nobody = 65534;
    mkdirSync(join(here.data, 'spool'), { recursive: true });
    for (const name of ['', ...readdirSync(here.data).filter((one) => one !== 'spool')])
      chownSync(join(here.data, name), nobody, nobody);
    for (const folder of [here.folder, here.data]) chownSync(folder, nobody, nobody);
    const args = ['export', 'acme', '--config', here.config, '--data', here.data];
    const { code, stderr } = await nightdrop(args, { uid: nobody, gid: nobody });
    expect(stderr).toContain('write to the spool');
    expect(stderr).toContain('permission denied');
    expect(code).toBe(1);
    expect((await here.run('export', 'acme', '--json')).code).toBe(0);
    expect(JSON.parse((await here.run('prove', '--json')).stdout)).toMatchObject({ ok: true });
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
  await until(() => service.said.stdout.includes('Ctrl-C'), 'serve says that it runs', 40_000);
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
