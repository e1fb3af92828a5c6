import { existsSync, readdirSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { DoctorReport } from '../../src/drop/doctor/report.ts';
import { startProxy } from '../servers/proxy.ts';
import { sshdMissing, startSshd, type Sshd } from '../servers/sshd.ts';
import { makePlace, partnerYaml, type Place } from './program.ts';
import { until } from '../until.ts';

const missing = await sshdMissing();

const places: Place[] = [];
afterEach(async () => {
  for (const one of places.splice(0)) await one.remove();
});

describe.skipIf(missing !== undefined)('doctor', () => {
  let server: Sshd;
  beforeAll(async () => void (server = await startSshd()));
  afterAll(() => server.stop());

  const place = (): Place => {
    const made = makePlace();
    places.push(made);
    return made;
  };

  const section = (more: string[] = [], port = server.port): string =>
    [
      'drops:',
      '  acme-sftp:',
      ...['kind: sftp', 'host: 127.0.0.1', `port: ${port}`, `user: ${server.user}`].map((line) => `    ${line}`),
      ...[`key: { file: ${server.keys.plain} }`, 'folder: /in', ...more].map((line) => `    ${line}`),
      '',
    ].join('\n');

  const pinned = (): string => `hostKeys: ["${server.fingerprints().ed25519}"]`;

  it('shows the host key of a drop that has none pinned, and the pasted section then passes', async () => {
    const here = place();
    here.write('partners/beta.yaml', section());
    const first = await here.run('doctor', 'acme-sftp');
    expect(first.code).toBe(1);
    expect(first.stderr).toContain('drops.acme-sftp.hostKeys');
    expect(first.stdout).toMatch(/^failed {5}host key/m);
    expect(first.stdout).toMatch(/^not tried {2}sign in/m);
    const block = first.stdout.slice(first.stdout.indexOf('drops:\n'));
    expect(block).toContain(server.fingerprints().ed25519);
    here.write('partners/beta.yaml', block);
    const second = await here.run('doctor', 'acme-sftp');
    expect(second).toMatchObject({ code: 0, stderr: '' });
    expect(second.stdout).toContain('acme-sftp is fit for deliveries.');
    expect(readdirSync(server.folder)).toEqual([]);
  });

  it('--json is one document, and holds no secret', async () => {
    const here = place();
    here.write('partners/beta.yaml', section([pinned()]));
    const { code, stdout } = await here.run('doctor', 'acme-sftp', '--json');
    const report = JSON.parse(stdout) as DoctorReport;
    expect(code).toBe(0);
    expect(Object.keys(report)).toEqual(['drop', 'ok', 'steps', 'learned', 'block']);
    expect(Object.keys(report.steps[0] ?? {})).toEqual(['step', 'result', 'detail', 'cause', 'hint', 'ms']);
    expect(report.block).toContain(`key: { file: ${server.keys.plain} }`);
    expect(stdout).not.toContain('PRIVATE KEY');
    expect(existsSync(`${here.data}/nightdrop.db`)).toBe(false);
  });

  it('works while the rest of the configuration is wrong', async () => {
    const here = place();
    here.write('partners/acme.yaml', partnerYaml('61 2 * * *'));
    here.write('partners/beta.yaml', section([pinned()]));
    expect((await here.run('feeds')).code).toBe(2);
    expect((await here.run('doctor', 'acme-sftp')).code).toBe(0);
  });

  it('keeps what it learned where there is a database, and takes a key that was trusted since', async () => {
    const here = place();
    here.write('partners/beta.yaml', section([`hostKeys: ["SHA256:${'A'.repeat(43)}"]`]));
    await here.run('drops');
    expect((await here.run('doctor', 'acme-sftp')).code).toBe(1);
    expect((await here.run('drops', 'trust', 'acme-sftp', server.fingerprints().ed25519)).code).toBe(0);
    expect((await here.run('doctor', 'acme-sftp')).code).toBe(0);
    const drops = JSON.parse((await here.run('drops', '--json')).stdout) as { drop: string; learned: unknown }[];
    expect(drops.find(({ drop }) => drop === 'acme-sftp')?.learned).toMatchObject({
      renames: 'refuses',
      writes: 'many',
    });
  });

  it.each([
    ['a name that is not there', 'acme-sfpt', 'did you mean "acme-sftp"?'],
    ['a section that is wrong otherwise', 'acme-sftp', 'drops.acme-sftp.prot'],
  ])('wrong use: %s', async (_, name, says) => {
    const here = place();
    here.write('partners/beta.yaml', section([pinned(), ...(name === 'acme-sftp' ? ['prot: 22'] : [])]));
    const { code, stdout, stderr } = await here.run('doctor', name);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(says);
  });

  it('leaves nothing behind after Ctrl-C', async () => {
    const here = place();
    const proxy = await startProxy(server.port, 100);
    here.write('partners/beta.yaml', section([pinned()], proxy.port));
    const running = here.start('doctor', 'acme-sftp');
    await until(() => readdirSync(server.folder).length > 0, 'a probe lies there');
    running.child.kill('SIGINT');
    const { code, stdout } = await running.ended;
    await proxy.close();
    expect(code).toBe(1);
    expect(stdout).toContain('told to stop');
    expect(stdout).toMatch(/^ok {9}clean up/m);
    expect(readdirSync(server.folder)).toEqual([]);
  });

  it('makes a folder of our own before it looks, as deliveries do', async () => {
    const here = place();
    const { code, stdout } = await here.run('doctor', 'acme-folder');
    expect(stdout).toContain('acme-folder is fit for deliveries.');
    expect(code).toBe(0);
    expect(readdirSync(here.drop)).toEqual([]);
  });
});
