import { chownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import type { CommitPoint } from '../../src/commit-point.ts';
import { startVsftpd, type Vsftpd, vsftpdMissing } from '../servers/vsftpd.ts';
import type { StoreKind } from '../stores.ts';
import { nothingWrong } from './checker.ts';
import { killAtAnyTime, killAtEach, wasKilled } from './kill.ts';
import { addOrders } from './orders.ts';
import { makePlace, type Place } from './place.ts';
import { inLab, seed } from './random.ts';

const missing = await vsftpdMissing();

/** The points between which bytes are on their way; those before them know no drop. */
const points = [
  '4 frozen',
  '5 attempt recorded',
  '5 uploading',
  '5 uploaded',
  '5 renaming recorded',
  '5 renamed',
  '6 before receipt',
  '6 swept',
] as const satisfies CommitPoint[];

/** The crash suite with an FTPS drop: vsftpd, TLS 1.3, session reuse required. */
describe.skipIf(missing !== undefined)('killed while it delivers to an FTPS drop', () => {
  let server: Vsftpd;
  beforeAll(async () => void (server = await startVsftpd()));
  afterAll(() => server.stop());

  const places: Place[] = [];
  afterEach(async () => {
    for (const place of places.splice(0)) await place.remove();
  });

  let count = 0;
  /** A place whose drop is a folder of its own at the server. */
  const makeHere = async (kind: StoreKind): Promise<Place> => {
    const name = `drop${++count}`;
    const folder = join(server.folder, name);
    mkdirSync(folder);
    chownSync(folder, server.uid, server.gid);
    const { port, user, password, fingerprint } = server;
    const ftps = { host: '127.0.0.1', port, mode: 'explicit', user, password } as const;
    const place = await makePlace(kind, folder, {
      ftps: { ...ftps, certificates: [fingerprint], folder: `/in/${name}`, stepTimeout: 20_000 },
    });
    places.push(place);
    return place;
  };

  test.each(points)('at "%s": each transaction arrives once, in whole files', async (point) => {
    const place = await makeHere('sqlite');
    await killAtEach(place, [point]);
    await addOrders((await place.open()).store, ['later']);
    await place.recover(point);
    expect(await place.checker.count()).toBe(6);
  });

  test('again while it takes up what was left', async () => {
    const place = await makeHere('sqlite');
    await killAtEach(place, ['5 uploaded', '5 renamed', '6 receipt']);
    await place.recover('chain');
  });

  test.skipIf('missing' in inject('postgres'))('on PostgreSQL, between the rename and its receipt', async () => {
    const place = await makeHere('postgres');
    await killAtEach(place, ['5 renamed']);
    await place.recover('5 renamed');
  });

  test('at any time', { timeout: 1_200_000 }, async () => {
    const place = await makeHere('sqlite');
    await killAtAnyTime(place, inLab ? 200 : 4);
    await place.recover(`SEED=${seed}`);
    console.log(
      `SEED=${seed}: ${await place.checker.count()} orders in ${place.checker.names().length} files over FTPS`,
    );
  });

  test('the checker finds out a program that renders again', async () => {
    const place = await makeHere('sqlite');
    await wasKilled(place.child({ name: 'first', at: { point: '5 renamed', nth: 1, end: 'kill' } }));
    await place.checker.look();
    const line = await place.open();
    await place.endLeases(line);
    await line.store.write(({ knex }) => knex('transactions').update({ amount: 1_000_000 }));
    await place.child({ name: 'second', orders: 0, mistake: 'renders again' }).ended;
    const report = await place.checker.report();
    expect(report).not.toEqual(nothingWrong);
    expect(report.altered).not.toEqual([]);
  });
});
