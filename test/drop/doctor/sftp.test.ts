import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { examine } from '../../../src/drop/doctor/doctor.ts';
import type { StepName } from '../../../src/drop/doctor/report.ts';
import type { FolderSpec } from '../../../src/drop/drop.ts';
import { Secret } from '../../../src/secret.ts';
import { startPickySftp } from '../../servers/picky-sftp.ts';
import { startDeaf } from '../../servers/deaf.ts';
import { freePort } from '../../servers/free-port.ts';
import { startProxy } from '../../servers/proxy.ts';
import { sshdMissing, startSshd, type Sshd } from '../../servers/sshd.ts';
import { contents, failed, look, resultOf, section } from './stage.ts';
import { sftpSpec } from '../sftp/stage.ts';

const missing = await sshdMissing();

const options = { concurrency: 16, stepTimeout: 5_000, replace: false };

const listening = async (server: Server): Promise<number> => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
};

const stops: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

describe.skipIf(missing !== undefined)('a sound OpenSSH server', () => {
  let server: Sshd;
  beforeAll(async () => {
    server = await startSshd();
    writeFileSync(join(server.folder, 'older.csv'), 'kept');
  });
  afterAll(() => server.stop());

  it('passes every step, and nothing is left behind', async () => {
    const before = contents(server.folder);
    const told: string[] = [];
    const report = await examine(sftpSpec(server), {
      section,
      now: Date.now(),
      tell: ({ step }) => void told.push(step),
    });
    expect(report.steps.filter(({ result }) => result !== 'ok')).toEqual([]);
    expect(report).toMatchObject({ drop: 'acme-sftp', ok: true });
    expect(told).toEqual(report.steps.map(({ step }) => step));
    expect(told).toEqual([
      ...['name', 'tcp', 'greeting', 'host-key', 'sign-in', 'sftp', 'offers', 'folder', 'list', 'write', 'size'],
      ...['names', 'rename', 'taken', 'remove', 'throughput', 'round-trip', 'sessions', 'clean-up'],
    ]);
    expect(report.learned).toMatchObject({
      writes: 'many',
      looks: 'by name',
      renames: 'refuses',
      syncs: true,
      names: 'exact',
    });
    expect(report.learned.software).toMatch(/^OpenSSH/);
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
    expect(contents(server.folder)).toEqual(before);
  });

  it('gives a section to paste, with secrets as their sources only', async () => {
    const { block } = await look(sftpSpec(server), { folder: '/in', hostKeys: ['SHA256:x'] });
    expect(block).toBe(
      [
        'drops:',
        '  acme-sftp:',
        '    kind: sftp',
        '    host: sftp.acme.example',
        '    user: nightdrop',
        '    key: { file: /run/secrets/acme }',
        '    folder: /in',
        '    hostKeys: ["SHA256:x"]',
      ].join('\n'),
    );
  });

  it('leaves nothing when it is told to stop, and says so', async () => {
    const before = contents(server.folder);
    for (const when of ['sign-in', 'folder', 'write', 'rename', 'taken', 'remove'] as const) {
      const stop = new AbortController();
      const tell = ({ step }: { step: StepName }) => step === when && stop.abort();
      const report = await examine(sftpSpec(server), { section, now: Date.now(), tell, signal: stop.signal });
      expect(report.ok).toBe(false);
      expect(report.steps.at(-1)).toMatchObject({ step: 'clean-up', result: 'ok' });
      expect(report.steps.filter(({ result }) => result === 'failed')).toEqual([]);
      expect(report.steps.some(({ detail }) => detail === 'told to stop')).toBe(true);
      expect(contents(server.folder)).toEqual(before);
    }
  });

  it('cleans up over a new connection when the old one is lost in the middle', async () => {
    const before = contents(server.folder);
    const proxy = await startProxy(server.port);
    stops.push(() => proxy.close());
    const tell = ({ step }: { step: StepName }) => step === 'rename' && proxy.cut();
    const report = await examine(sftpSpec(server, { port: proxy.port }), { section, now: Date.now(), tell });
    expect(report.steps.at(-1)).toMatchObject({ step: 'clean-up', result: 'ok', detail: 'what was left is removed' });
    expect(contents(server.folder)).toEqual(before);
  });

  it('names what it could not remove', async () => {
    const proxy = await startProxy(server.port);
    stops.push(() => proxy.close());
    const tell = ({ step }: { step: StepName }) => {
      if (step !== 'rename') return;
      proxy.swallow('up');
      proxy.swallow('down');
    };
    const report = await examine(sftpSpec(server, { port: proxy.port, stepTimeout: 2_000 }), {
      section,
      now: Date.now(),
      tell,
    });
    const there = readdirSync(server.folder).filter((name) => name.includes('nightdrop-doctor'));
    expect(there).toHaveLength(1);
    const cleaning = resultOf(report, 'clean-up');
    expect(cleaning?.result).toBe('failed');
    for (const name of there) expect(cleaning?.cause).toContain(name);
    for (const name of there) rmSync(join(server.folder, name));
  });

  describe('that cannot be reached or trusted', () => {
    it('1: the name is not known', async () => {
      const found = failed(await look(sftpSpec(server, { host: 'no-such-host.invalid' })));
      expect(found).toMatchObject({ step: 'name' });
      expect(found.hint).toContain('"host"');
    });

    it('2: nobody listens on the port', async () => {
      const port = await freePort();
      const found = failed(await look(sftpSpec(server, { port })));
      expect(found).toMatchObject({ step: 'tcp', cause: `nobody listens at 127.0.0.1, port ${port}` });
      expect(found.hint).toContain('"port"');
    });

    it('2b: nobody takes the call, as behind a firewall', async () => {
      const { port, stop } = await startDeaf();
      stops.push(stop);
      const found = failed(await look(sftpSpec(server, { port, stepTimeout: 300 })));
      expect(found.step).toBe('tcp');
      expect(found.cause).toContain('a firewall drops the call');
      expect(found.hint).toContain('let this machine in');
    });

    it('3: the server takes the call and stays silent', async () => {
      const silent = createTcpServer((socket) => void socket.on('error', () => undefined));
      const port = await listening(silent);
      stops.push(() => void silent.close());
      const found = failed(await look(sftpSpec(server, { port, stepTimeout: 300 })));
      expect(found.step).toBe('greeting');
      expect(found.cause).toContain('silent');
    });

    it('4: a web server answers there', async () => {
      const web = createServer();
      const port = await listening(web);
      stops.push(() => void web.close());
      const found = failed(await look(sftpSpec(server, { port })));
      expect(found).toMatchObject({ step: 'greeting' });
      expect(found.cause).toContain('a web server (HTTP)');
      expect(found.hint).toContain('"port"');
    });

    it('4b: an FTP server answers there', async () => {
      const ftp = createTcpServer((socket) => void socket.on('error', () => undefined).write('220 ProFTPD\r\n'));
      const port = await listening(ftp);
      stops.push(() => void ftp.close());
      const found = failed(await look(sftpSpec(server, { port })));
      expect(found.cause).toContain('an FTP server');
      expect(found.hint).toContain('kind: ftps');
    });

    it.each([
      ['5: no host key is pinned', [], 'no host key is pinned'],
      ['5b: another host key is pinned', ['SHA256:bm90IHRoZSBrZXkgb2YgdGhpcyBzZXJ2ZXIgYXQgYWxs'], 'another host key'],
    ])('%s: no credentials are sent, and the key is shown', async (_, hostKeys, words) => {
      const seen = server.log().length;
      const report = await look(sftpSpec(server, { hostKeys }));
      const found = failed(report);
      const { ed25519, rsa } = server.fingerprints();
      expect(found.step).toBe('host-key');
      expect(found.cause).toContain(words);
      expect(found.hint).toContain(`hostKeys: ["${ed25519}"]`);
      expect(resultOf(report, 'host-key')?.detail).toContain(rsa);
      expect(report.block).toContain(`    hostKeys: ["${ed25519}"]   # `);
      expect(resultOf(report, 'sign-in')?.result).toBe('not tried');
      expect(server.log().slice(seen)).not.toContain('userauth-request for user');
    });

    it('6: the password is wrong', async () => {
      const { key: _, ...rest } = sftpSpec(server);
      const found = failed(await look({ ...rest, password: new Secret('not this one') }));
      expect(found).toMatchObject({ step: 'sign-in' });
      expect(found.cause).toContain('with this password');
      expect(JSON.stringify(found)).not.toContain('not this one');
    });

    it('7: the key is refused', async () => {
      const key = new Secret(readFileSync(server.keys.stranger, 'utf8'));
      const found = failed(await look(sftpSpec(server, { key })));
      expect(found).toMatchObject({ step: 'sign-in' });
      expect(found.cause).toContain('does not accept the key');
    });

    it('8: the folder is missing', async () => {
      const found = failed(await look(sftpSpec(server, { folder: '/nowhere' })));
      expect(found).toMatchObject({ step: 'folder' });
      expect(found.cause).toContain('/nowhere');
      expect(found.cause).toContain('the server puts us into /; folders there: in');
      expect(found.hint).toContain('"folder"');
    });
  });
});

const withSshd = async (how: Parameters<typeof startSshd>[0]): Promise<Sshd> => {
  const server = await startSshd(how);
  stops.push(() => server.stop());
  return server;
};

describe.skipIf(missing !== undefined)('an OpenSSH server that is set up wrongly', () => {
  it('7b: it takes no passwords, only keys', async () => {
    const server = await withSshd({ config: ['PasswordAuthentication no', 'KbdInteractiveAuthentication no'] });
    const { key: _, ...rest } = sftpSpec(server);
    const found = failed(await look({ ...rest, password: new Secret(server.password) }));
    expect(found.cause).toBe('the server takes no passwords, only publickey');
    expect(found.hint).toContain('key: {file: PATH}');
  });

  it('7c: it takes no keys, only passwords', async () => {
    const server = await withSshd({ config: ['PubkeyAuthentication no', 'KbdInteractiveAuthentication no'] });
    const found = failed(await look(sftpSpec(server)));
    expect(found.cause).toBe('the server takes no keys, only password');
    expect(found.hint).toContain('password: {env: NAME}');
  });

  it('8b: the folder for files in flight is missing, and then on another file system', async () => {
    const server = await withSshd({ size: '4m' });
    const found = failed(await look(sftpSpec(server, { partialFolder: '/in/flight' })));
    expect(found).toMatchObject({ step: 'folder' });
    expect(found.cause).toContain('the folder for files in flight, /in/flight');
    expect(found.hint).toContain('"partialFolder"');
    const apart = join(server.folder, '../apart');
    mkdirSync(apart);
    chownSync(apart, server.uid, server.gid);
    const before = contents(join(server.folder, '..'));
    const report = await look(sftpSpec(server, { partialFolder: '/apart' }));
    const other = failed(report);
    expect(other).toMatchObject({ step: 'rename' });
    expect(report.block).not.toContain('rename: false');
    expect(other.hint).toContain('another file system');
    expect(contents(join(server.folder, '..'))).toEqual(before);
  });

  it('9: the folder is not writable', async () => {
    const server = await withSshd({});
    chownSync(server.folder, 0, 0);
    const report = await look(sftpSpec(server));
    const found = failed(report);
    expect(found).toMatchObject({ step: 'write', cause: 'the user "ndpartner" may not write in /in' });
    expect(resultOf(report, 'rename')).toMatchObject({ result: 'not tried', detail: 'nothing could be written' });
  });

  it('10: nobody may list (write-only folder): a note, and a delivery works', async () => {
    const server = await withSshd({});
    chmodSync(server.folder, 0o333);
    const report = await look(sftpSpec(server));
    expect(report.steps.filter(({ result }) => result === 'failed')).toEqual([]);
    expect(resultOf(report, 'list')).toMatchObject({ result: 'note', cause: 'the user may write here and not list' });
    chmodSync(server.folder, 0o755);
    expect(contents(server.folder)).toEqual([]);
  });

  it('11: renames are refused', async () => {
    const server = await withSshd({ sftp: '-P rename' });
    const report = await look(sftpSpec(server));
    const found = failed(report);
    expect(found.step).toBe('rename');
    expect(found.cause).toContain('write and not rename');
    expect(found.hint).toContain('rename: false');
    expect(found.hint).toContain('marker: "{name}.done"');
    expect(report.block).toMatch(/rename: false {3}# .*marker/);
    expect(contents(server.folder)).toEqual([]);
    const straight = await look(sftpSpec(server, { rename: false }), { rename: false });
    expect(straight.steps.filter(({ result }) => result === 'failed')).toEqual([]);
    expect(resultOf(straight, 'rename')?.detail).toContain('"rename: false" is right');
    expect(contents(server.folder)).toEqual([]);
  });

  it.each([
    ['in one step', ''],
    ['the old file is removed just before', '-P posix-rename'],
  ])('"replace: true": %s', async (words, sftp) => {
    const server = await withSshd({ sftp });
    const report = await look(sftpSpec(server, { replace: true }));
    expect(resultOf(report, 'taken')).toMatchObject({ result: 'ok', detail: expect.stringContaining(words) as string });
    expect(contents(server.folder)).toEqual([]);
  });

  it('12: the disk is full', async () => {
    const server = await withSshd({ size: '1m' });
    writeFileSync(join(server.folder, 'fill'), Buffer.alloc(1024 * 1024));
    const found = failed(await look(sftpSpec(server)));
    expect(found).toMatchObject({ step: 'write', cause: 'no space or quota is left at the drop' });
    expect(readdirSync(server.folder)).toEqual(['fill']);
  });

  it('13: SFTP is off for this user', async () => {
    const server = await withSshd({ sftp: '-x' });
    const found = failed(await look(sftpSpec(server)));
    expect(found).toMatchObject({ step: 'sftp' });
    expect(found.cause).toContain('SFTP is not offered');
  });

  it('14: files cannot be deleted: named, since it leaves something behind', async () => {
    const server = await withSshd({ sftp: '-P remove' });
    const report = await look(sftpSpec(server));
    expect(resultOf(report, 'remove')).toMatchObject({ result: 'note' });
    const cleaning = resultOf(report, 'clean-up');
    expect(cleaning?.result).toBe('failed');
    const there = readdirSync(server.folder);
    expect(there.length).toBeGreaterThan(0);
    for (const name of there) expect(cleaning?.cause).toContain(name);
  });
});

describe('a picky server', () => {
  it('15: one write at a time: a note and the setting', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'nightdrop-doctor-test-'));
    stops.push(() => rmSync(folder, { recursive: true, force: true }));
    mkdirSync(join(folder, 'in'));
    const server = await startPickySftp(folder);
    stops.push(() => server.close());
    const report = await look(sftpSpec(server));
    expect(report.steps.filter(({ result }) => result === 'failed')).toEqual([]);
    expect(resultOf(report, 'throughput')).toMatchObject({
      result: 'note',
      hint: 'set "concurrency: 1" for this drop',
    });
    expect(resultOf(report, 'taken')).toMatchObject({ result: 'note', cause: 'a rename of this server overwrites' });
    expect(report.learned).toMatchObject({ writes: 'one', renames: 'replaces' });
    expect(report.block).toContain('    concurrency: 1   # ');
    expect(contents(join(folder, 'in'))).toEqual([]);
  });
});

describe('a folder', () => {
  const place = (): string => {
    const folder = mkdtempSync(join(tmpdir(), 'nightdrop-doctor-test-'));
    stops.push(() => rmSync(folder, { recursive: true, force: true }));
    return folder;
  };
  const folderSpec = (folder: string, changes: Partial<FolderSpec> = {}): FolderSpec => ({
    ...{ kind: 'folder', name: 'acme-folder', folder, ...options },
    ...changes,
  });

  it('passes every step and is as before', async () => {
    const folder = place();
    writeFileSync(join(folder, 'older.csv'), 'kept');
    const before = contents(folder);
    const report = await look(folderSpec(folder));
    expect(report.steps.filter(({ result }) => result !== 'ok')).toEqual([]);
    expect(contents(folder)).toEqual(before);
  });

  it('that is missing', async () => {
    const folder = join(place(), 'nowhere');
    const found = failed(await look(folderSpec(folder)));
    expect(found).toMatchObject({ step: 'folder', cause: `the folder ${folder}: the folder is not there` });
  });
});
