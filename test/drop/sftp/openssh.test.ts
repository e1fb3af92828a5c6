import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { DropCode, SftpSpec } from '../../../src/drop/drop.ts';
import { openDrop } from '../../../src/drop/open-drop.ts';
import { hostKeysOf } from '../../../src/drop/sftp/open.ts';
import { Secret } from '../../../src/secret.ts';
import { startDeaf } from '../../servers/deaf.ts';
import { startProxy, type Proxy } from '../../servers/proxy.ts';
import { sshdMissing, startSshd, type Sshd, type SshdOptions } from '../../servers/sshd.ts';
import { dropContract } from '../contract.ts';
import { deliver, digestIn, faultOf, namesIn, noSteps, outgoing, silenceIn, type Stage } from '../stage.ts';
import { sftpSpec, sftpStage } from './stage.ts';
import { until } from '../../until.ts';

const missing = await sshdMissing();

const openssh = (options: SshdOptions = {}, changes: Partial<SftpSpec> = {}): Promise<Stage> =>
  sftpStage((size) => startSshd({ ...options, ...(size !== undefined && { size }) }), changes);

const stageOf = (server: Sshd, changes: Partial<SftpSpec> = {}): Pick<Stage, 'open'> => ({
  open: (more) => openDrop(sftpSpec(server, { ...changes, ...more })),
});

const empty = (folder: string): void =>
  namesIn(folder).forEach((name) => rmSync(join(folder, name), { recursive: true }));

describe.skipIf(missing !== undefined)('OpenSSH', () => {
  dropContract('sftp', () => openssh());

  // Keys are exchanged anew many times within a file: what is in flight then must not be lost.
  dropContract('sftp (new keys every 256 KB, relative folder)', () =>
    openssh({ config: ['RekeyLimit 256K'], sftp: '-d /in' }, { folder: '.' }),
  );

  describe('signing in', () => {
    let server: Sshd;
    beforeAll(async () => void (server = await startSshd()));
    afterAll(() => server.stop());

    const open = (changes: Partial<SftpSpec>) => openDrop(sftpSpec(server, changes));
    const keyed = (path: string, passphrase?: string): SftpSpec => ({
      ...sftpSpec(server),
      key: new Secret(readFileSync(path, 'utf8')),
      ...(passphrase && { passphrase: new Secret(passphrase) }),
    });
    const withPassword = (password: string, changes: Partial<SftpSpec> = {}): SftpSpec => {
      const { key: _, ...spec } = sftpSpec(server, changes);
      return { ...spec, password: new Secret(password) };
    };

    it('takes a password, and a key with and without a passphrase', async () => {
      await (await openDrop(withPassword(server.password))).close();
      await (await openDrop(keyed(server.keys.plain))).close();
      await (await openDrop(keyed(server.keys.locked, server.keys.passphrase))).close();
    });

    it.each([
      ['a wrong password', () => openDrop(withPassword('wrong'))],
      ['an unknown user', () => openDrop(withPassword(server.password, { user: 'nobody-here' }))],
      ['a wrong key', () => openDrop(keyed(server.keys.stranger))],
      ['a wrong passphrase', () => openDrop(keyed(server.keys.locked, 'wrong'))],
      ['a missing passphrase', () => openDrop(keyed(server.keys.locked))],
      ['something that is no key', () => open({ key: new Secret('no key') })],
    ])('holds after %s', async (_, attempt) => {
      const fault = await faultOf(attempt());
      expect(fault).toMatchObject({ code: 'sign-in', next: 'hold' });
      expect(fault.message).not.toMatch(/wrong|no key|open sesame/);
    });

    it('says when nobody listens, and when the name is not known', async () => {
      expect(await faultOf(open({ port: 1 }))).toMatchObject({ code: 'unreachable', next: 'retry' });
      expect(await faultOf(open({ host: 'no-such-host.invalid' }))).toMatchObject({
        code: 'unreachable',
        next: 'retry',
      });
    });

    it('shows every host key, and takes a pin of any kind', async () => {
      const { ed25519, rsa } = server.fingerprints();
      const shown = await hostKeysOf(sftpSpec(server));
      expect(shown).toEqual([
        { type: 'ssh-ed25519', fingerprint: ed25519 },
        { type: 'ssh-rsa', fingerprint: rsa },
      ]);
      await (await open({ hostKeys: [rsa] })).close();
      await (await open({ hostKeys: ['SHA256:old', `${ed25519}=`] })).close();
    });

    it('sends no credentials to a server that shows another host key', async () => {
      const before = server.fingerprints();
      const spec = sftpSpec(server);
      const words = 'userauth-request for user';
      await (await openDrop(spec)).close();
      expect(server.log()).toContain(words);
      await server.swapHostKeys();
      const seen = server.log().length;
      const fault = await faultOf(openDrop(spec));
      expect(fault).toMatchObject({ code: 'host-key', next: 'hold' });
      expect(fault.message).toContain(before.ed25519);
      expect(fault.message).toContain(server.fingerprints().ed25519);
      expect(fault.message).toContain(server.fingerprints().rsa);
      await until(() => /host key|closed by|disconnect/i.test(server.log().slice(seen)), 'the server notices the end');
      expect(server.log().slice(seen)).not.toContain(words);
    });
  });

  describe('a line with faults', () => {
    let server: Sshd;
    let proxy: Proxy;
    beforeAll(async () => void (server = await startSshd({ config: ['MaxStartups 500'] })));
    afterAll(() => server.stop());
    const around = async (work: (stage: Pick<Stage, 'open'>) => Promise<void>, stepTimeout = 1_500): Promise<void> => {
      proxy = await startProxy(server.port);
      const stage = stageOf(server, { port: proxy.port, stepTimeout });
      await work(stage).finally(() => proxy.close());
    };
    afterEach(() => empty(server.folder));
    /** Not before: a line that is cut earlier is cut before the rename. */
    const onceRenamed = (act: () => void) =>
      void until(() => namesIn(server.folder).includes('orders.csv'), 'the server renames').then(act);

    it('shows nothing under the final name while an upload is blocked half-way', () =>
      around(async (stage) => {
        const file = outgoing('orders.csv', 2_000_000);
        proxy.holdAfter('up', 1_000_000);
        const attempt = deliver(stage, file);
        await until(() => proxy.passed('up') > 500_000, 'half of it is there');
        const partner = await stageOf(server).open();
        expect((await partner.list()).map((entry) => entry.name)).toEqual([file.partial]);
        await partner.close();
        proxy.release();
        expect(await attempt).toBe('size');
        expect(digestIn(server.folder, 'orders.csv')).toBe(file.sha256);
      }, 20_000));

    it.each([0, 1, 900, 2_500, 4_000, 6_000, 100_000, 1_000_000, 1_999_000])(
      'is cut after %i bytes: a named fault and no final name',
      (bytes) =>
        around(async (stage) => {
          proxy.cutAfter('up', bytes);
          const fault = await faultOf(deliver(stage, outgoing('orders.csv', 2_000_000)));
          expect(fault.next).toBe('retry');
          expect(['cut', 'unreachable']).toContain(fault.code);
          expect(namesIn(server.folder)).not.toContain('orders.csv');
          proxy.release();
          const again = outgoing('orders.csv', 2_000_000);
          expect(await deliver(stage, again)).toBe('size');
          expect(digestIn(server.folder, 'orders.csv')).toBe(again.sha256);
        }),
    );

    it('meets a deadline wherever the server falls silent', () =>
      around(async (stage) => {
        let total = 0;
        const renamed = () => void (total = proxy.passed('down'));
        await deliver(stage, outgoing('measure.csv', 600_000), { renamed }, { stepTimeout: 20_000 });
        const points = [0, 500, 1_300, 1_700, ...Array.from({ length: 8 }, (_, n) => total - 1_050 + n * 130)];
        const where = new Set<string>();
        for (const [n, point] of points.entries()) {
          proxy.release();
          proxy.silentAfter('down', point);
          const file = outgoing(`silent-${n}.csv`, 600_000);
          where.add(await silenceIn(server.folder, stage, file));
        }
        // How many bytes the server sends until it is written to varies; that it is being written to does not.
        proxy.release();
        const writing = outgoing('writing.csv', 2_000_000);
        where.add(await silenceIn(server.folder, stage, writing, { progress: () => proxy.swallow('down') }));
        for (const step of ['get a greeting from', 'agree on keys with', 'sign in to', 'write'])
          expect([...where]).toContain(`${step} timeout`);
      }, 600));

    it('meets its deadline when nobody takes the call', async () => {
      const { port, stop } = await startDeaf();
      try {
        const fault = await faultOf(openDrop(sftpSpec(server, { port, stepTimeout: 300 })));
        expect(fault).toMatchObject({ code: 'timeout', next: 'retry' });
      } finally {
        stop();
      }
    });

    it.each([
      ['swallowed', () => undefined],
      ['swallowed, then the line is cut', () => onceRenamed(() => proxy.cut())],
    ])('does not know the outcome when the answer to the rename is %s', (_, then) =>
      around(async (stage) => {
        const file = outgoing('orders.csv', 100_000);
        const renaming = () => {
          proxy.swallow('down');
          then();
        };
        const fault = await faultOf(deliver(stage, file, { renaming }));
        expect(fault).toMatchObject({ code: 'unknown-outcome', next: 'retry' });
        // The server did rename: whoever looks finds the whole file and nothing else.
        await until(() => namesIn(server.folder).includes('orders.csv'), 'the server renames');
        expect(namesIn(server.folder)).toEqual(['orders.csv']);
        expect(digestIn(server.folder, 'orders.csv')).toBe(file.sha256);
      }),
    );

    it('leaves the partial name for a look when the rename itself is lost', () =>
      around(async (stage) => {
        const file = outgoing('orders.csv', 100_000);
        const fault = await faultOf(deliver(stage, file, { renaming: () => proxy.swallow('up') }));
        expect(fault).toMatchObject({ code: 'unknown-outcome', next: 'retry' });
        expect(namesIn(server.folder)).toEqual([file.partial]);
      }));

    it('knows that nothing was renamed when the line was gone before', () =>
      around(async (stage) => {
        const drop = await stage.open();
        // Waits until the connection knows that it is gone.
        const renaming = async () => {
          proxy.cut();
          await faultOf(drop.list());
        };
        const fault = await faultOf(drop.put(outgoing('orders.csv', 1000), { ...noSteps, renaming }));
        await drop.close();
        expect(fault).toMatchObject({ code: 'cut', next: 'retry' });
      }));

    it('does not know the outcome when the look after the rename fails', () =>
      around(async (stage) => {
        const renamed = () => proxy.swallow('down');
        const fault = await faultOf(deliver(stage, outgoing('orders.csv', 1000), { renamed }));
        expect(fault).toMatchObject({ code: 'unknown-outcome', next: 'retry' });
      }));

    it('closes a silent line in time, and can be closed twice', () =>
      around(async (stage) => {
        const drop = await stage.open();
        proxy.swallow('up');
        proxy.swallow('down');
        await drop.close();
        await drop.close();
        const fault = await faultOf(drop.list());
        expect(fault.code).toBe('cut');
      }));

    it('does not take a slow line for a silent one', () =>
      around(async () => {
        const slow = await startProxy(server.port, 200);
        const file = outgoing('orders.csv', 4_000_000);
        await deliver(stageOf(server, { port: slow.port, stepTimeout: 3_000, concurrency: 2 }), file).finally(() =>
          slow.close(),
        );
        expect(digestIn(server.folder, 'orders.csv')).toBe(file.sha256);
      }));
  });

  describe('a server that refuses', () => {
    const refusing: [string, string, DropCode, 'retry' | 'hold'][] = [
      ['to rename', '-P rename', 'denied', 'hold'],
      ['to write', '-P write', 'denied', 'hold'],
      ['to open', '-P open', 'denied', 'hold'],
      ['everything that changes something', '-R', 'denied', 'hold'],
      ['to look', '-P lstat,opendir,fstat,read', 'blind', 'hold'],
    ];
    it.each(refusing)('%s', async (_, sftp, code, next) => {
      const server = await startSshd({ sftp });
      try {
        const fault = await faultOf(deliver(stageOf(server), outgoing('orders.csv', 1000)));
        expect(fault).toMatchObject({ code, next });
        expect(namesIn(server.folder)).toEqual([]);
      } finally {
        await server.stop();
      }
    });

    it('fsync and posix-rename: it is done without', async () => {
      const server = await startSshd({ sftp: '-P fsync,posix-rename' });
      try {
        writeFileSync(join(server.folder, 'orders.csv'), 'older');
        const file = outgoing('orders.csv', 'newer');
        expect(await deliver(stageOf(server), file, {}, { replace: true })).toBe('size');
        expect(digestIn(server.folder, 'orders.csv')).toBe(file.sha256);
        expect(namesIn(server.folder)).toEqual(['orders.csv']);
      } finally {
        await server.stop();
      }
    });

    it('SFTP altogether', async () => {
      const server = await startSshd({ sftp: '-x' });
      try {
        const fault = await faultOf(openDrop(sftpSpec(server)));
        expect(['refused', 'cut']).toContain(fault.code);
      } finally {
        await server.stop();
      }
    });
  });
});
