import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { DropSpec, Outgoing } from '../../src/drop/drop.ts';
import { Secret } from '../../src/secret.ts';
import { sha256 } from '../../src/file/digest.ts';
import { deliverNow } from '../../src/outbound/delivery/deliver.ts';
import { parcelsOf } from '../../src/outbound/delivery/parcels.ts';
import { prove } from '../../src/outbound/feed/prove.ts';
import { runFeed } from '../../src/outbound/feed/run.ts';
import { addTransactions } from '../feeds.ts';
import { sshdMissing, startSshd, type Sshd } from '../servers/sshd.ts';
import { describeStores } from '../stores.ts';
import { withFault } from '../outbound/delivery/world.ts';
import { feed, type Line, openLine } from './line.ts';

const missing = await sshdMissing();

describe.skipIf(missing !== undefined)('a marker at a real SFTP server', () => {
  let server: Sshd;
  beforeAll(async () => void (server = await startSshd()));
  afterAll(() => server.stop());

  const spec = (): DropSpec => ({
    kind: 'sftp',
    name: 'partner',
    host: '127.0.0.1',
    port: server.port,
    user: server.user,
    key: new Secret(readFileSync(server.keys.plain, 'utf8')),
    hostKeys: [server.fingerprints().ed25519],
    folder: '/in',
    concurrency: 16,
    stepTimeout: 5000,
    replace: false,
  });

  const marked = { ...feed, file: { ...feed.file, sidecar: 'sha256' as const, marker: '{name}.done' } };
  const names = ['nightly_000001.csv', 'nightly_000001.csv.sha256', 'nightly_000001.csv.done'];

  const openScene = async (url: string): Promise<Line> => {
    for (const name of readdirSync(server.folder)) rmSync(join(server.folder, name));
    const spool = mkdtempSync(join(tmpdir(), 'nightdrop-spool-'));
    onTestFinished(() => rmSync(spool, { recursive: true, force: true }));
    const line = await openLine({ url, spool, drop: spec() });
    onTestFinished(() => line.close());
    await addTransactions(
      line.store,
      Array.from({ length: 5000 }, () => ({})),
    );
    await runFeed(line, marked, { due: line.clock.now(), kind: 'hand' });
    return line;
  };

  const whole = (file: Outgoing): boolean => {
    const path = join(server.folder, file.name);
    return existsSync(path) && sha256(readFileSync(path)) === file.sha256;
  };

  describeStores('with', (open) => {
    const urlOf = async (): Promise<string> => {
      const { address } = await open();
      return address.kind === 'sqlite' ? `sqlite:${address.file}` : address.url;
    };

    test('it comes last, when everything before it is whole', async () => {
      const line = await openScene(await urlOf());
      const sent: Outgoing[] = [];
      const seen: string[] = [];
      const watching = withFault((drop) => ({
        put: async (file, steps) => {
          const before = sent.every(whole) && !existsSync(join(server.folder, names[2]!));
          const look = (step: string) => {
            const there = names.filter((name) => existsSync(join(server.folder, name))).length;
            seen.push(`${file.name} ${step}: ${there} there${before ? ', whole' : ''}`);
          };
          sent.push(file);
          return drop.put(file, {
            ...steps,
            renaming: async () => (look('renaming'), steps.renaming()),
            renamed: async () => (look('renamed'), steps.renamed?.()),
          });
        },
      }));
      expect(await deliverNow({ ...line, openDrop: watching }, {})).toMatchObject([{ state: 'delivered' }]);
      expect(seen).toEqual(
        names.flatMap((name, i) => [`${name} renaming: ${i} there, whole`, `${name} renamed: ${i + 1} there, whole`]),
      );
      expect(sent.every(whole)).toBe(true);
      expect(readFileSync(join(server.folder, names[2]!))).toHaveLength(0);
      expect(readdirSync(server.folder).sort()).toEqual(names.toSorted());
      expect(await prove(line.store, line.spool)).toMatchObject({ ok: true });
    });

    test('it does not come while a file before it is missing', async () => {
      const line = await openScene(await urlOf());
      const [batch, sidecar, marker] = await parcelsOf(line.store.read, 1);
      expect([batch, sidecar, marker].map((parcel) => parcel?.fileName)).toEqual(names);
      rmSync(line.spool.pathOf(sidecar!.spool));
      expect(await deliverNow(line, {})).toMatchObject([{ state: 'held', errorCode: 'spool-damaged' }]);
      expect(readdirSync(server.folder)).toEqual([]);
      expect(await prove(line.store, line.spool)).toMatchObject({ ok: false, feeds: [{ damaged: 1 }] });
    });
  });
});
