import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDrop } from '../../../src/drop/open-drop.ts';
import { startPickySftp, type PickySftp } from '../../servers/picky-sftp.ts';
import { deliver, digestIn, faultOf, namesIn, outgoing, type Stage } from '../stage.ts';
import { sftpSpec } from './stage.ts';

describe('an SFTP server that takes one write at a time', () => {
  const home = mkdtempSync(join(tmpdir(), 'nightdrop-picky-'));
  const folder = join(home, 'in');
  let server: PickySftp;
  let stage: Pick<Stage, 'open'>;
  beforeAll(async () => {
    mkdirSync(folder);
    server = await startPickySftp(home);
    stage = { open: (changes) => openDrop(sftpSpec(server, changes)) };
  });
  afterAll(async () => {
    await server.close();
    rmSync(home, { recursive: true });
  });

  it('gets the whole file once more, one write at a time', async () => {
    const file = outgoing('orders.csv', 1_000_000);
    expect(await deliver(stage, file)).toBe('size');
    expect(digestIn(folder, 'orders.csv')).toBe(file.sha256);
    expect(server.failed()).toBeGreaterThan(0);
    expect(server.opened()).toBe(2);
    expect(namesIn(folder)).toEqual(['orders.csv']);
  });

  it('gets it at once when the drop says so', async () => {
    const [failed, opened] = [server.failed(), server.opened()];
    const file = outgoing('slow.csv', 500_000);
    expect(await deliver(stage, file, {}, { concurrency: 1 })).toBe('size');
    expect(digestIn(folder, 'slow.csv')).toBe(file.sha256);
    expect([server.failed(), server.opened()]).toEqual([failed, opened + 1]);
  });

  it('is asked before the rename, because its rename overwrites', async () => {
    const take = () => writeFileSync(join(folder, 'taken.csv'), 'theirs');
    const fault = await faultOf(deliver(stage, outgoing('taken.csv', 'ours'), { uploaded: take }));
    expect(fault).toMatchObject({ code: 'taken', next: 'hold' });
    expect(namesIn(folder)).not.toContain('.taken.csv');
  });
});
