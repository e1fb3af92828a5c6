import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import type { DropOptions, FolderSpec, Learned, Outgoing } from '../../../src/drop/drop.ts';
import { openDrop } from '../../../src/drop/open-drop.ts';
import { safeName } from '../../../src/safe-name.ts';
import { sshdMissing, startSshd, type SshdOptions } from '../../servers/sshd.ts';
import { startPickySftp } from '../../servers/picky-sftp.ts';
import { deliver, digestIn, faultOf, namesIn, noSteps, outgoing } from '../stage.ts';
import { sftpSpec } from './stage.ts';

const missing = await sshdMissing();

type Changes = Partial<DropOptions> & { folder?: string };

/** A server for one test, and a way to deliver to it. */
const serverWith = async (options: SshdOptions) => {
  const server = await startSshd(options);
  onTestFinished(() => server.stop());
  const stage = { open: (changes?: Changes) => openDrop(sftpSpec(server, changes)) };
  return { server, stage, folder: server.folder };
};

/** The same file, written under its final name from the start. */
const straight = (file: Outgoing, begun = false): Outgoing => ({ ...file, partial: file.name, begun });

describe.skipIf(missing !== undefined)('OpenSSH that does not let us', () => {
  describe('ask for a file by name', () => {
    const options = { sftp: '-P lstat,stat,fstat' };

    it('is looked at by list, and that is learned', async () => {
      const { stage, folder } = await serverWith(options);
      const drop = await stage.open();
      const file = outgoing('orders.csv', 700_000);
      expect(await drop.put(file, noSteps)).toBe('size');
      expect(digestIn(folder, 'orders.csv')).toBe(file.sha256);
      expect(namesIn(folder)).toEqual(['orders.csv']);
      expect(drop.learned).toMatchObject({ looks: 'by list', syncs: true });
      expect(drop.learned.software).toMatch(/^OpenSSH_\d/);
      expect(await drop.look(safeName('orders.csv'))).toMatchObject({ bytes: 700_000 });
      expect(await drop.look(safeName('other.csv'))).toBeUndefined();
      await drop.close();
    });

    it('is not asked by name again, unless it answers by name after all', async () => {
      const known: Learned = { looks: 'by list' };
      const learnedAt = async (sftp: string) => {
        const { server } = await serverWith({ sftp });
        const drop = await openDrop(sftpSpec(server), undefined, known);
        await drop.put(outgoing('orders.csv', 10), noSteps);
        await drop.close();
        return drop.learned.looks;
      };
      // Both ways work here, so that the first that is tried is the one that is learned.
      expect(await learnedAt('-P stat')).toBe('by list');
      expect(await learnedAt('')).toBe('by name');
      expect(known).toEqual({ looks: 'by list' });
    });

    it('still refuses a name that is taken, and replaces when told to', async () => {
      const { stage, folder } = await serverWith(options);
      writeFileSync(join(folder, 'orders.csv'), 'theirs');
      const fault = await faultOf(deliver(stage, outgoing('orders.csv', 'ours')));
      expect(fault).toMatchObject({ code: 'taken', next: 'hold' });
      const take = () => writeFileSync(join(folder, 'late.csv'), 'theirs');
      expect(await faultOf(deliver(stage, outgoing('late.csv', 'ours'), { renaming: take }))).toMatchObject({
        code: 'taken',
      });
      expect(readFileSync(join(folder, 'late.csv'), 'utf8')).toBe('theirs');
      expect(await deliver(stage, outgoing('orders.csv', 'ours'), {}, { replace: true })).toBe('size');
      expect(readFileSync(join(folder, 'orders.csv'), 'utf8')).toBe('ours');
      expect(namesIn(folder)).toEqual(['late.csv', 'orders.csv']);
    });

    it('finds names that differ in case only, until two of them lie side by side', async () => {
      const { stage, folder } = await serverWith(options);
      writeFileSync(join(folder, 'ORDERS.csv'), 'upper');
      const drop = await stage.open();
      expect(await drop.look(safeName('orders.csv'))).toMatchObject({ name: 'ORDERS.csv', bytes: 5 });
      expect(drop.learned.names).toBe('folded');
      writeFileSync(join(folder, 'Orders.csv'), 'other');
      expect(await drop.look(safeName('orders.csv'))).toBeUndefined();
      expect(await drop.look(safeName('ORDERS.csv'))).toMatchObject({ name: 'ORDERS.csv' });
      expect(drop.learned.names).toBe('exact');
      await drop.close();
    });

    it('says that the folder is missing', async () => {
      const { stage } = await serverWith(options);
      expect(await faultOf(stage.open({ folder: '/not-there' }))).toMatchObject({ code: 'folder', next: 'hold' });
    });
  });

  describe('list the folder', () => {
    it.each([
      ['because of its mode', 0o300, ''],
      ['because of a rule', 0o755, '-P opendir,readdir'],
    ])('%s: files are asked for by name', async (_, mode, sftp) => {
      const { stage, folder } = await serverWith({ sftp });
      chmodSync(folder, mode);
      const file = outgoing('orders.csv', 300_000);
      const drop = await stage.open();
      expect(await drop.put(file, noSteps)).toBe('size');
      expect(drop.learned.looks).toBe('by name');
      expect((await faultOf(drop.list())).code).toBe('denied');
      expect((await faultOf(drop.put(outgoing('orders.csv', 'x'), noSteps))).code).toBe('taken');
      await drop.close();
      expect(digestIn(folder, 'orders.csv')).toBe(file.sha256);
      expect(namesIn(folder)).toEqual(['orders.csv']);
    });

    it('nor ask by name: files are opened', async () => {
      const { stage, folder } = await serverWith({ sftp: '-P lstat,stat' });
      chmodSync(folder, 0o300);
      const file = outgoing('orders.csv', 300_000);
      const drop = await stage.open();
      expect(await drop.put(file, noSteps)).toBe('size');
      expect(drop.learned.looks).toBe('by reading');
      await drop.close();
      expect(digestIn(folder, 'orders.csv')).toBe(file.sha256);
    });

    it('nor ask by name or by handle: files are read', async () => {
      const { stage, folder } = await serverWith({ sftp: '-P lstat,stat,fstat,opendir' });
      const file = outgoing('orders.csv', 300_000);
      expect(await deliver(stage, file, {}, { confirm: 'digest' })).toBe('digest');
      expect(digestIn(folder, 'orders.csv')).toBe(file.sha256);
    });
  });

  describe('look in any way', () => {
    const options = { sftp: '-P lstat,stat,fstat,opendir,read' };

    it('holds, and names the setting', async () => {
      const { stage, folder } = await serverWith(options);
      const fault = await faultOf(deliver(stage, outgoing('orders.csv', 1000)));
      expect(fault).toMatchObject({ code: 'blind', next: 'hold' });
      expect(fault.hint).toContain('confirm: none');
      expect(namesIn(folder)).toEqual([]);
    });

    it('delivers unchecked when told so, and never over a name that exists', async () => {
      const { stage, folder } = await serverWith(options);
      const file = outgoing('orders.csv', 300_000);
      expect(await deliver(stage, file, {}, { confirm: 'none' })).toBe('unchecked');
      expect(digestIn(folder, 'orders.csv')).toBe(file.sha256);
      const fault = await faultOf(deliver(stage, outgoing('orders.csv', 'other'), {}, { confirm: 'none' }));
      expect(['refused', 'taken']).toContain(fault.code);
      expect(digestIn(folder, 'orders.csv')).toBe(file.sha256);
      expect(namesIn(folder)).toEqual(['orders.csv']);
    });
  });

  it('set times or modes: nobody needs to', async () => {
    const { stage, folder } = await serverWith({ sftp: '-P setstat,fsetstat' });
    const file = outgoing('orders.csv', 300_000);
    expect(await deliver(stage, file)).toBe('size');
    expect(digestIn(folder, 'orders.csv')).toBe(file.sha256);
  });

  describe('rename', () => {
    const options = { sftp: '-P rename,posix-rename' };

    it.each([false, true])('holds, and names the setting (replace: %s)', async (replace) => {
      const { stage, folder } = await serverWith(options);
      const fault = await faultOf(deliver(stage, outgoing('orders.csv', 1000), {}, { replace }));
      expect(fault).toMatchObject({ code: 'denied', next: 'hold' });
      expect(fault.hint).toContain('rename: false');
      expect(namesIn(folder)).toEqual([]);
    });

    it('is written straight, and announced before the name can exist', async () => {
      const { stage, folder } = await serverWith(options);
      const file = straight(outgoing('orders.csv', 3_000_000));
      const order: string[] = [];
      const see = (step: string) => () => void order.push(`${step} ${namesIn(folder).join()}`);
      const steps = { uploaded: see('uploaded'), renaming: see('renaming'), renamed: see('renamed') };
      expect(await deliver(stage, file, steps, { rename: false })).toBe('size');
      expect(order).toEqual(['renaming ', 'uploaded orders.csv', 'renamed orders.csv']);
      expect(digestIn(folder, 'orders.csv')).toBe(file.sha256);
      expect(namesIn(folder)).toEqual(['orders.csv']);
    });

    it('leaves a file of that name as it is, also one that comes at the last moment', async () => {
      const { stage, folder } = await serverWith(options);
      writeFileSync(join(folder, 'orders.csv'), 'theirs');
      expect(await faultOf(deliver(stage, straight(outgoing('orders.csv', 'ours'))))).toMatchObject({ code: 'taken' });
      const take = () => writeFileSync(join(folder, 'late.csv'), 'theirs');
      const late = await faultOf(deliver(stage, straight(outgoing('late.csv', 'ours')), { renaming: take }));
      expect(late).toMatchObject({ code: 'taken', next: 'hold' });
      for (const name of ['orders.csv', 'late.csv']) expect(readFileSync(join(folder, name), 'utf8')).toBe('theirs');
    });

    it('writes over what an earlier attempt of ours began, longer or shorter', async () => {
      const { server, stage, folder } = await serverWith(options);
      for (const [name, before] of [
        ['a.csv', 10],
        ['b.csv', 900_000],
      ] as const) {
        writeFileSync(join(folder, name), Buffer.alloc(before));
        chownSync(join(folder, name), server.uid, server.gid);
        const file = straight(outgoing(name, 300_000), true);
        expect(await deliver(stage, file, {}, { confirm: 'digest' })).toBe('digest');
        expect(digestIn(folder, name)).toBe(file.sha256);
      }
    });

    it('nothing is written when "renaming" says no', async () => {
      const { stage, folder } = await serverWith(options);
      const refusal = new Error('the database is gone');
      const attempt = deliver(stage, straight(outgoing('orders.csv', 10)), { renaming: () => Promise.reject(refusal) });
      await expect(attempt).rejects.toBe(refusal);
      expect(namesIn(folder)).toEqual([]);
    });

    it('the disk is full: named, and tried again', async ({ skip }) => {
      const small = await serverWith({ ...options, size: '4m' }).catch((error: unknown) => skip(String(error)));
      const fault = await faultOf(deliver(small.stage, straight(outgoing('orders.csv', 9_000_000))));
      expect(fault).toMatchObject({ code: 'disk-full', next: 'retry' });
    });
  });

  it('have more than one unfinished sign-in: busy, tried again, and the setting is named', async () => {
    const { server, stage } = await serverWith({ config: ['PerSourceMaxStartups 1', 'MaxSessions 1'] });
    expect(await deliver(stage, outgoing('first.csv', 10))).toBe('size');
    const other = connect({ host: '127.0.0.1', port: server.port });
    await once(other, 'data');
    const fault = await faultOf(deliver(stage, outgoing('orders.csv', 10)));
    other.destroy();
    expect(fault).toMatchObject({ code: 'busy', next: 'retry' });
    expect(fault.hint).toContain('sessions: 1');
  });
});

describe.skipIf(missing !== undefined)('files in flight in another folder', () => {
  it('lie there, and nowhere else', async () => {
    const { server, stage, folder } = await serverWith({});
    const flying = join(folder, '../flying');
    mkdirSync(flying);
    chownSync(flying, server.uid, server.gid);
    const options = { partialFolder: '/flying' };
    const file = outgoing('orders.csv', 300_000);
    const uploaded = () => expect([namesIn(folder), namesIn(flying)]).toEqual([[], [file.partial]]);
    expect(await deliver(stage, file, { uploaded }, options)).toBe('size');
    expect([namesIn(folder), namesIn(flying)]).toEqual([['orders.csv'], []]);
    expect(digestIn(folder, 'orders.csv')).toBe(file.sha256);
    writeFileSync(join(flying, '.a.csv.1-x.part'), 'left');
    const drop = await stage.open(options);
    expect(await drop.look(safeName('.a.csv.1-x.part'))).toMatchObject({ bytes: 4 });
    expect(await drop.list()).toMatchObject([{ name: 'orders.csv' }]);
    await drop.remove(safeName('.a.csv.1-x.part'));
    await drop.close();
    expect(namesIn(flying)).toEqual([]);
    expect((await faultOf(stage.open({ partialFolder: '/nowhere' }))).code).toBe('folder');
  });

  it('on another file system: the refusal names the setting, and nothing is left', async ({ skip }) => {
    const small = await serverWith({ size: '4m' }).catch((error: unknown) => skip(String(error)));
    const flying = join(small.folder, '../flying');
    mkdirSync(flying);
    chownSync(flying, small.server.uid, small.server.gid);
    const fault = await faultOf(deliver(small.stage, outgoing('orders.csv', 10), {}, { partialFolder: '/flying' }));
    expect(fault.hint).toContain('partialFolder');
    expect([namesIn(small.folder), namesIn(flying)]).toEqual([[], []]);
  });
});

describe('a folder drop', () => {
  const home = mkdtempSync(join(tmpdir(), 'nightdrop-restrictive-'));
  afterEach(() => rmSync(home, { recursive: true, force: true }));
  const stageIn = () => {
    const folder = join(home, 'in');
    const flying = join(home, 'flying');
    [folder, flying].forEach((each) => mkdirSync(each, { recursive: true }));
    const spec: FolderSpec = {
      kind: 'folder',
      name: 'acme',
      folder,
      concurrency: 1,
      stepTimeout: 5_000,
      replace: false,
    };
    return { folder, flying, stage: { open: (changes?: Changes) => openDrop({ ...spec, ...changes }) } };
  };

  it.each([false, true])('keeps files in flight in another folder (replace: %s)', async (replace) => {
    const { folder, flying, stage } = stageIn();
    const file = outgoing('orders.csv', 300_000);
    const uploaded = () => expect([namesIn(folder), namesIn(flying)]).toEqual([[], [file.partial]]);
    expect(await deliver(stage, file, { uploaded }, { partialFolder: flying, replace })).toBe('size');
    expect([namesIn(folder), namesIn(flying)]).toEqual([['orders.csv'], []]);
    expect(digestIn(folder, 'orders.csv')).toBe(file.sha256);
  });

  it('says when that folder is on another file system, or missing', async () => {
    const { stage } = stageIn();
    const shm = mkdtempSync('/dev/shm/nightdrop-');
    onTestFinished(() => rmSync(shm, { recursive: true }));
    const fault = await faultOf(stage.open({ partialFolder: shm }));
    expect(fault).toMatchObject({ code: 'folder', next: 'hold' });
    expect(fault.reason).toContain('another file system');
    expect((await faultOf(stage.open({ partialFolder: join(home, 'nowhere') }))).code).toBe('folder');
  });

  it('writes straight, over its own and never over theirs', async () => {
    const { folder, stage } = stageIn();
    const file = straight(outgoing('orders.csv', 300_000));
    expect(await deliver(stage, file, {}, { rename: false, confirm: 'digest' })).toBe('digest');
    expect(await faultOf(deliver(stage, straight(outgoing('orders.csv', 'x'))))).toMatchObject({ code: 'taken' });
    const take = () => writeFileSync(join(folder, 'late.csv'), 'theirs');
    const late = deliver(stage, straight(outgoing('late.csv', 'ours')), { renaming: take });
    expect(await faultOf(late)).toMatchObject({ code: 'taken', next: 'hold' });
    expect(digestIn(folder, 'orders.csv')).toBe(file.sha256);
    const again = straight(outgoing('orders.csv', 10), true);
    expect(await deliver(stage, again)).toBe('size');
    expect(digestIn(folder, 'orders.csv')).toBe(again.sha256);
  });
});

describe('an SFTP server that takes one write at a time', () => {
  it('is met with one write the next time', async () => {
    const home = mkdtempSync(join(tmpdir(), 'nightdrop-one-'));
    mkdirSync(join(home, 'in'));
    const server = await startPickySftp(home);
    onTestFinished(async () => {
      await server.close();
      rmSync(home, { recursive: true });
    });
    const send = async (known?: Learned) => {
      const [failed, opened] = [server.failed(), server.opened()];
      const drop = await openDrop(sftpSpec(server), undefined, known);
      const file = outgoing(`orders-${opened}.csv`, 700_000);
      await drop.put(file, noSteps);
      await drop.close();
      expect(digestIn(join(home, 'in'), file.name)).toBe(file.sha256);
      return { learned: drop.learned, failed: server.failed() - failed, opened: server.opened() - opened };
    };
    const first = await send();
    expect(first).toMatchObject({ opened: 2, learned: { writes: 'one', syncs: false } });
    expect(first.failed).toBeGreaterThan(0);
    expect(await send(first.learned)).toMatchObject({ opened: 1, failed: 0, learned: { writes: 'one' } });
  });
});
