import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { DropSpec, Outgoing } from '../../src/drop/drop.ts';
import { sha256 } from '../../src/file/digest.ts';
import { resend } from '../../src/outbound/delivery/actions.ts';
import { deliverNow } from '../../src/outbound/delivery/deliver.ts';
import type { Delivery } from '../../src/outbound/delivery/delivery.ts';
import { parcelsOf } from '../../src/outbound/delivery/parcels.ts';
import { watchPickups } from '../../src/outbound/delivery/pickup.ts';
import type { Feed } from '../../src/outbound/feed/feed.ts';
import { prove } from '../../src/outbound/feed/prove.ts';
import { runFeed } from '../../src/outbound/feed/run.ts';
import { addTransactions } from '../feeds.ts';
import { sshdMissing, startSshd, type Sshd } from '../servers/sshd.ts';
import { describeStores } from '../stores.ts';
import { dropFault, withFault } from '../outbound/delivery/world.ts';
import { feed, type Line, openLine } from './line.ts';
import { sftpSpec } from '../drop/sftp/stage.ts';

const missing = await sshdMissing();

describe.skipIf(missing !== undefined)('a marker at a real SFTP server', () => {
  let server: Sshd;
  beforeAll(async () => void (server = await startSshd()));
  afterAll(() => server.stop());

  const spec = (): DropSpec => sftpSpec(server, { name: 'partner' });

  const asked = { name: 'nightly_{number:06}_{part:02}.csv', split: { rows: 20 }, sidecar: 'sha256' as const };
  const marked: Feed = { ...feed, file: { ...feed.file, ...asked, marker: 'nightly_{number:06}.done' } };
  const parts = [1, 2, 3].map((part) => `nightly_000001_0${part}.csv`);
  const marker = 'nightly_000001.done';
  const names = [...parts, 'nightly_000001_01.csv.sha256', marker];
  const pathOf = (name: string) => join(server.folder, name);

  const openScene = async (url: string): Promise<Line> => {
    for (const name of readdirSync(server.folder)) rmSync(join(server.folder, name));
    const spool = mkdtempSync(join(tmpdir(), 'nightdrop-spool-'));
    onTestFinished(() => rmSync(spool, { recursive: true, force: true }));
    const line = await openLine({ url, spool, drop: spec() });
    onTestFinished(() => line.close());
    await addTransactions(
      line.store,
      Array.from({ length: 50 }, () => ({})),
    );
    await runFeed(line, marked, { due: line.clock.now(), kind: 'hand' });
    return line;
  };

  const whole = (file: Outgoing): boolean => {
    const path = pathOf(file.name);
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
          const before = sent.every(whole) && !existsSync(pathOf(marker));
          const look = (step: string) => {
            const there = names.filter((name) => existsSync(pathOf(name))).length;
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
      expect(readFileSync(pathOf(marker))).toHaveLength(0);
      expect(readdirSync(server.folder).sort()).toEqual(names.toSorted());
      expect(await prove(line.store, line.spool)).toMatchObject({ ok: true });
    });

    test('it does not come while a file before it is missing', async () => {
      const line = await openScene(await urlOf());
      const parcels = await parcelsOf(line.store.read, 1);
      expect(parcels.map(({ fileName }) => fileName)).toEqual(names);
      rmSync(line.spool.pathOf(parcels[1]!.spool));
      expect(await deliverNow(line, {})).toMatchObject([{ state: 'held', errorCode: 'spool-damaged' }]);
      expect(readdirSync(server.folder)).toEqual([]);
      expect(await prove(line.store, line.spool)).toMatchObject({ ok: false, feeds: [{ damaged: 1 }] });
    });

    test('an attempt that ends between two parts is taken up behind the last that was whole', async () => {
      const line = await openScene(await urlOf());
      const puts: string[] = [];
      let cut = true;
      const openDrop = withFault((drop) => ({
        put: (file, steps) => {
          puts.push(file.name);
          if (file.name !== parts[1] || !cut) return drop.put(file, steps);
          cut = false;
          throw dropFault('cut');
        },
      }));
      expect(await deliverNow({ ...line, openDrop }, {})).toMatchObject([{ state: 'pending', errorCode: 'cut' }]);
      expect(readdirSync(server.folder)).toEqual([parts[0]]);
      expect(await deliverNow({ ...line, openDrop }, {})).toMatchObject([{ state: 'delivered' }]);
      expect(puts).toEqual([parts[0], parts[1], ...names.slice(1)]);
      expect(readdirSync(server.folder).sort()).toEqual(names.toSorted());
    });

    test('the partner has taken a split batch when all its parts are gone; a part that is missing is sent again', async () => {
      const plain = await openScene(await urlOf());
      const drops = [...plain.drops].map(([name, plan]) => [name, { ...plan, watchPickup: true }] as const);
      const line = { ...plain, drops: new Map(drops) };
      const [{ id }] = (await deliverNow(line, {})) as [Delivery];
      rmSync(pathOf(parts[0]!));
      rmSync(pathOf(parts[2]!));
      expect(await watchPickups(line)).toEqual([]);
      expect(await resend(line, id)).toBe('pending');
      expect(await deliverNow(line, {})).toMatchObject([{ state: 'delivered' }]);
      expect(readdirSync(server.folder).sort()).toEqual(names.toSorted());
      for (const part of parts) rmSync(pathOf(part));
      expect(await watchPickups(line)).toMatchObject([{ id }]);
    });
  });
});
