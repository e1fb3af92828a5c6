import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDrop } from '../../../src/drop/open-drop.ts';
import { sshdMissing, startSshd, type Sshd } from '../../servers/sshd.ts';
import { deliver, digestIn, namesIn, outgoing, sha256, type Stage } from '../stage.ts';

const missing = await sshdMissing();

/** The recipe of src/drop/README.md: our folder drop is the partner's `/in`, served by OpenSSH's chrooted internal-sftp. */
describe.skipIf(missing !== undefined)('a folder drop that a partner pulls from', () => {
  let server: Sshd;
  let stage: Pick<Stage, 'open'>;
  let home: string;
  beforeAll(async () => {
    server = await startSshd();
    home = mkdtempSync(join(tmpdir(), 'nightdrop-partner-'));
    const spec = {
      kind: 'folder',
      name: 'acme',
      folder: server.folder,
      concurrency: 16,
      stepTimeout: 5_000,
      replace: false,
    } as const;
    stage = { open: (changes) => openDrop({ ...spec, ...changes }) };
  });
  afterAll(async () => {
    await server.stop();
    rmSync(home, { recursive: true });
  });

  /** What the partner types. */
  const partner = (...commands: string[]): string => {
    const known = join(home, 'known_hosts');
    const shown = execFileSync('ssh-keyscan', ['-t', 'ed25519', '-p', String(server.port), '127.0.0.1'], {
      stdio: 'pipe',
    });
    writeFileSync(known, shown);
    const options = [
      '-q',
      '-P',
      String(server.port),
      '-i',
      server.keys.plain,
      '-o',
      `UserKnownHostsFile=${known}`,
      '-b',
      '-',
    ];
    const input = `${commands.join('\n')}\n`;
    return execFileSync('sftp', [...options, `${server.user}@127.0.0.1`], {
      input,
      encoding: 'utf8',
      cwd: home,
      stdio: 'pipe',
    });
  };

  it('lets the partner list, fetch and remove the file with the sftp command', async () => {
    const file = outgoing('acme orders 000042.csv', 300_000);
    expect(await deliver(stage, file)).toBe('size');
    expect(partner('ls -1 /in')).toContain('/in/acme orders 000042.csv');
    partner('get "/in/acme orders 000042.csv" fetched.csv', 'rm "/in/acme orders 000042.csv"');
    expect(sha256(readFileSync(join(home, 'fetched.csv')))).toBe(file.sha256);
    expect(namesIn(server.folder)).toEqual([]);
    const drop = await stage.open();
    expect(await drop.look(file.name)).toBeUndefined();
    await drop.close();
  });

  it('does not show the partner what is in flight, unless they ask for hidden files', async () => {
    const file = outgoing('orders.csv', 3_000_000);
    const seen: string[] = [];
    await deliver(stage, file, { uploaded: () => void seen.push(partner('ls -1 /in'), partner('ls -1a /in')) });
    expect(seen[0]).not.toContain('orders.csv');
    expect(seen[1]).toContain(file.partial);
    expect(partner('ls -1 /in')).toContain('/in/orders.csv');
    rmSync(join(server.folder, 'orders.csv'));
  });

  it('works for a sender that is not root, in a folder that both may write', async () => {
    // As the recipe says: it is ours, the group is the partner's, and the set-gid bit gives files that group.
    execFileSync('chown', [`65534:${server.gid}`, server.folder]);
    execFileSync('chmod', ['2770', server.folder]);
    const file = outgoing('orders.csv', 1000);
    const script = `
      process.setgid(65534); process.setgroups([65534]); process.setuid(65534); process.umask(0o027);
      const { openDrop } = await import(${JSON.stringify(join(import.meta.dirname, '../../../src/drop/open-drop.ts'))});
      const drop = await openDrop({ kind: 'folder', name: 'acme', folder: ${JSON.stringify(server.folder)}, concurrency: 1, stepTimeout: 5000, replace: false });
      console.log(await drop.put(JSON.parse(process.argv[1]), { renaming: () => undefined }));`;
    const spool = join(server.folder, '../../spooled');
    writeFileSync(spool, readFileSync(file.path), { mode: 0o644 });
    const child = ['--input-type=module', '-e', script, JSON.stringify({ ...file, path: spool })];
    expect(execFileSync(process.execPath, child, { encoding: 'utf8' }).trim()).toBe('size');
    const { uid, gid, mode } = statSync(join(server.folder, 'orders.csv'));
    expect({ uid, gid, mode: mode & 0o777 }).toEqual({ uid: 65_534, gid: server.gid, mode: 0o640 });
    expect(digestIn(server.folder, 'orders.csv')).toBe(file.sha256);
    partner('get /in/orders.csv by-group.csv', 'rm /in/orders.csv');
    expect(sha256(readFileSync(join(home, 'by-group.csv')))).toBe(file.sha256);
    expect(namesIn(server.folder)).toEqual([]);
  });

  it('keeps the partner in the jail', () => {
    expect(partner('ls -1 /')).toContain('/in');
    expect(() => partner('ls /etc')).toThrow();
    expect(() => partner('put known_hosts /outside')).toThrow();
  });
});
