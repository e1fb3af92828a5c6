import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makePlace } from './program.ts';
import { until } from '../until.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));
const bin = join(root, 'src/cli/nightdrop.mjs');

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nightdrop-pack-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The Node of this run comes first, as in npm's scripts. */
const env = { ...process.env, PATH: `${dirname(process.execPath)}${delimiter}${process.env['PATH'] ?? ''}` };

describe('the packed program', () => {
  test('is JavaScript, installs elsewhere from its tarball and exports there', async () => {
    const checkout = join(folder, 'checkout');
    const elsewhere = join(folder, 'elsewhere');
    mkdirSync(checkout);
    mkdirSync(elsewhere);
    for (const name of [
      'src',
      'jobs',
      'config',
      'package.json',
      'tsconfig.json',
      'README.md',
      'LICENSE',
      'CHANGELOG.md',
    ])
      cpSync(join(root, name), join(checkout, name), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(checkout, 'node_modules'));
    await run('npm', ['pack', '--silent'], { cwd: checkout, env });
    expect(existsSync(join(checkout, 'dist'))).toBe(false);
    const tarball = readdirSync(checkout).find((name) => name.endsWith('.tgz')) ?? '';
    const { stdout: names } = await run('tar', ['-tzf', join(checkout, tarball)]);
    expect(names).toContain('package/dist/src/outbound/feed/render-worker.js');
    expect(names).not.toMatch(/\.ts$/m);
    expect(names).not.toContain('test/');

    writeFileSync(join(elsewhere, 'package.json'), '{ "private": true }');
    // The packages that need something compiled bring it along or can do without.
    const install = [
      'install',
      '--prefer-offline',
      '--no-audit',
      '--no-fund',
      '--ignore-scripts',
      join(checkout, tarball),
    ];
    await run('npm', install, { cwd: elsewhere, env });
    const program = (...args: string[]) =>
      run(join(elsewhere, 'node_modules/.bin/nightdrop'), args, { cwd: elsewhere, env });
    cpSync(join(root, 'config'), join(elsewhere, 'config'), { recursive: true });
    expect((await program('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect((await program('check')).stdout).toBe('The configuration is in order.\n');
    await program('ledger', 'sample', '--count', '50');
    const { stdout } = await program('export', 'acme-minute', '--json');
    const { rows, fileName } = JSON.parse(stdout) as { rows: number; fileName: string };
    expect(rows).toBe(50);
    expect(existsSync(join(elsewhere, 'var/drops/acme', fileName))).toBe(true);
  }, 300_000);
});

describe('the bin in a checkout', () => {
  test('is found by npx', async () => {
    const cache = { ...env, npm_config_cache: join(folder, 'npm-cache') };
    const { stdout } = await run('npx', ['nightdrop', '--version'], { cwd: root, env: cache });
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test('set-up has nothing to do and says nothing when everything is installed', async () => {
    expect(await run(process.execPath, [join(root, 'src/cli/setup.mjs')])).toEqual({ stdout: '', stderr: '' });
  });

  /** The machine's own Node, where it is older than the pinned one; a machine may have none, then there is nothing to show. */
  const oldNode = (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((path) => join(path, 'node'))
    .filter((path) => !path.includes('node_modules') && existsSync(path))
    .find((path) => Number(/^v(\d+)/.exec(execFileSync(path, ['--version'], { encoding: 'utf8' }))?.[1]) < 24);

  test('on an older Node it goes on with the pinned one: exit codes come back and signals go through', async () => {
    if (oldNode === undefined) return;
    await expect(run(oldNode, [bin, 'schedul'])).rejects.toMatchObject({ code: 2 });
    const here = makePlace();
    try {
      const child = spawn(oldNode, [bin, 'serve', '--config', here.config, '--data', here.data]);
      let said = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
      child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
      const ended = once(child, 'close');
      await until(() => said.includes('Ctrl-C'), 'it runs');
      child.kill('SIGTERM');
      expect(await ended).toEqual([0, null]);
      expect(said).toContain('"msg":"stopped"');
    } finally {
      await here.remove();
    }
  });

  test('without the pinned Node it says in one sentence what to do', async () => {
    if (oldNode === undefined) return;
    const bare = join(folder, 'bare/src/cli');
    mkdirSync(bare, { recursive: true });
    cpSync(bin, join(bare, 'nightdrop.mjs'));
    await expect(run(oldNode, [join(bare, 'nightdrop.mjs')])).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^nightdrop needs Node 24 and this is .*install Node 24.*\.\n$/) as string,
    });
  });
});
