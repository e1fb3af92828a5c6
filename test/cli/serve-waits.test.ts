import { chownSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { describe, expect, test, type TestContext } from 'vitest';
import { ledgerCsv, makePlace, nightdrop, partnerYaml, type Place, type Running } from './program.ts';
import { get, logged, logLines, serve, stop } from './service.ts';
import { startSilent } from '../servers/silent.ts';
import { until } from '../until.ts';

// These tests wait for the clock, a lock or a silent server, so they wait side by side.

type Finishing = Pick<TestContext, 'onTestFinished'>;

const place = ({ onTestFinished }: Finishing): Place => {
  const here = makePlace();
  onTestFinished(here.remove);
  return here;
};

test.concurrent(
  'runs a feed by the clock, also after SIGHUP with a configuration that has problems',
  async (context) => {
    const here = place(context);
    here.write('partners/acme.yaml', partnerYaml('* * * * *'));
    writeFileSync(join(here.folder, 'orders.csv'), ledgerCsv(1, 2));
    await here.run('ledger', 'add', join(here.folder, 'orders.csv'));
    const running = await serve(here);
    here.write('partners/acme.yaml', partnerYaml('61 * * * *').replace('Australia/Sydney', 'Mars/Base'));
    running.child.kill('SIGHUP');
    await logged(running, 'the configuration was not reloaded: the one before stays in force');
    const fields = logLines(running).flatMap(({ problem }) => (problem as { field: string } | undefined)?.field ?? []);
    expect(fields).toEqual(['feeds.acme.schedule', 'feeds.acme.timezone']);
    await until(() => existsSync(join(here.drop, 'acme_000001.csv')), 'the file of the next minute', 150_000);
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
  },
  300_000,
);

const sftpYaml = (port: number): string => `  acme-sftp:
    kind: sftp
    host: 127.0.0.1
    port: ${port}
    user: nightdrop
    password: { file: password }
    hostKeys: ["SHA256:${'A'.repeat(43)}"]
`;

describe.concurrent('told to stop while a server is silent', () => {
  // Its own limits are 19 s in all, the rest is for a busy machine; the call itself would end after 30 s.
  const endsByItself = async (running: Running, signal: NodeJS.Signals): Promise<number | null> => {
    running.child.kill(signal);
    const late = pause(26_000, undefined, { ref: false }).then(() =>
      Promise.reject(new Error('still runs after 26 s')),
    );
    return (await Promise.race([running.ended, late])).code;
  };

  test('export and serve end within 20 seconds, and nothing is lost', async (context) => {
    const here = place(context);
    const server = await startSilent();
    context.onTestFinished(server.stop);
    here.write('partners/acme.yaml', partnerYaml().replace('[acme-folder]', '[acme-sftp]') + sftpYaml(server.port));
    mkdirSync(here.data, { recursive: true });
    writeFileSync(join(here.data, 'password'), 'x', { mode: 0o600 });
    writeFileSync(join(here.folder, 'orders.csv'), ledgerCsv(1, 2));
    expect((await here.run('ledger', 'add', join(here.folder, 'orders.csv'))).code).toBe(0);

    const exporting = here.start('export', 'acme', '--json');
    await until(() => server.calls() >= 1, 'export has called');
    expect(await endsByItself(exporting, 'SIGINT')).toBe(1);
    expect(exporting.said.stderr).not.toMatch(/report it|\n\s+at /);
    expect(JSON.parse(exporting.said.stdout)).toBeInstanceOf(Object);

    const serving = await serve(here);
    await until(() => server.calls() >= 2, 'serve has called');
    expect(await endsByItself(serving, 'SIGTERM')).toBe(0);
    const left = JSON.parse((await here.run('deliveries', '--json')).stdout) as unknown;
    expect(left).toMatchObject([{ state: 'pending', drop: 'acme-sftp' }]);
  }, 300_000);
});

describe.concurrent('trouble with what lasts', () => {
  test('a locked database is a clear error, and nothing is lost', async (context) => {
    const here = place(context);
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
  }, 300_000);

  test.skipIf(process.getuid?.() !== 0)('a read-only spool is a clear error, and nothing is lost', async (context) => {
    const here = place(context);
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
