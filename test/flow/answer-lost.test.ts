import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { SftpSpec } from '../../src/drop/drop.ts';
import type { DropPlan } from '../../src/outbound/delivery/delivery.ts';
import { Secret } from '../../src/secret.ts';
import { type Proxy, startProxy } from '../servers/proxy.ts';
import { type Sshd, sshdMissing, startSshd } from '../servers/sshd.ts';
import { nothingWrong } from './checker.ts';
import { finish } from './line.ts';
import { makePlace, type Place } from './place.ts';

const missing = await sshdMissing();
const file = 'nightly_000001.csv';

/** OpenSSH behind a proxy that swallows the answer to the rename; then our process is killed as well. */
describe.skipIf(missing !== undefined)('the answer to the rename is lost, and the process that waited for it', () => {
  let server: Sshd;
  let proxy: Proxy;
  beforeAll(async () => {
    server = await startSshd();
    proxy = await startProxy(server.port);
  });
  afterAll(async () => {
    await proxy.close();
    await server.stop();
  });

  const cleanup: (() => Promise<void> | void)[] = [];
  afterEach(async () => {
    for (const step of cleanup.splice(0).reverse()) await step();
  });

  const specOf = () => ({
    host: '127.0.0.1',
    port: proxy.port,
    user: server.user,
    hostKeys: [server.fingerprints().ed25519],
    folder: '/in',
    stepTimeout: 20_000,
  });

  /** Up to the moment when the file has its final name, our process is gone and nobody has heard the yes. */
  const crashed = async (): Promise<Place & { home: string }> => {
    const home = mkdtempSync(join(tmpdir(), 'nightdrop-taken-'));
    cleanup.push(() => rmSync(home, { recursive: true, force: true }));
    const place = await makePlace('sqlite', server.folder);
    cleanup.push(place.remove, () => rmSync(join(server.folder, file), { force: true }));
    const go = join(home, 'go');
    const child = place.child({
      name: 'first',
      sftp: { ...specOf(), password: server.password },
      at: { point: '5 renaming recorded', nth: 1, end: { wait: go } },
    });
    await child.says('at 5 renaming recorded');
    expect(existsSync(join(server.folder, file))).toBe(false);
    proxy.swallow('down');
    writeFileSync(go, '');
    for (let tries = 0; !existsSync(join(server.folder, file)); tries++) {
      if (tries === 9000) throw new Error('the server did not rename the file');
      await pause(10);
    }
    child.process.kill('SIGKILL');
    await child.ended;
    await place.checker.look();
    proxy.cut();
    proxy.release();
    return { ...place, home };
  };

  /** A new process, as soon as the leases of the old one are over. */
  const startAnew = async (place: Place, unknown: DropPlan['unknown']) => {
    const drop: SftpSpec = {
      ...specOf(),
      kind: 'sftp',
      name: 'partner',
      password: new Secret(server.password),
      concurrency: 8,
      replace: false,
    };
    const line = await place.open({ drop, unknown });
    await place.endLeases(line);
    return finish(line);
  };

  test('killed: the file is found, and not sent again', async () => {
    const place = await crashed();
    const before = readFileSync(join(server.folder, file));
    expect(await startAnew(place, 'hold')).toMatchObject([{ state: 'delivered', seen: 'digest', attempts: 2 }]);
    expect(await place.checker.report()).toEqual(nothingWrong);
    expect(readFileSync(join(server.folder, file)).equals(before)).toBe(true);
    expect(place.checker.unfinished()).toEqual([]);
  });

  test('killed, and the partner has taken the file: held, when the drop says so', async () => {
    const place = await crashed();
    renameSync(join(server.folder, file), join(place.home, file));
    expect(await startAnew(place, 'hold')).toMatchObject([{ state: 'held', errorCode: 'unknown-outcome' }]);
    expect(existsSync(join(server.folder, file))).toBe(false);
    expect(await place.checker.report()).toEqual(nothingWrong);
  });

  test('killed, and the partner has taken the file: the same bytes under the same name, when the drop says so', async () => {
    const place = await crashed();
    renameSync(join(server.folder, file), join(place.home, file));
    expect(await startAnew(place, 'send')).toMatchObject([{ state: 'delivered' }]);
    expect(readFileSync(join(server.folder, file)).equals(readFileSync(join(place.home, file)))).toBe(true);
    expect(await place.checker.report()).toEqual(nothingWrong);
    expect(place.checker.unfinished()).toEqual([]);
  });
});
