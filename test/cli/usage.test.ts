import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { allCommands } from '../../src/cli/commands.ts';
import { makePlace, nightdrop, partnerYaml, type Place } from './program.ts';

const places: Place[] = [];
const place = (): Place => {
  const made = makePlace();
  places.push(made);
  return made;
};
afterEach(async () => {
  for (const one of places.splice(0)) await one.remove();
});

const root = new URL('../../', import.meta.url);
const packageVersion = (JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as { version: string }).version;

/** `UPDATE_GOLDEN=1` rewrites the files; then read the diff. */
const golden = (name: string, text: string): void => {
  const file = new URL(`golden/${name}`, import.meta.url);
  if (process.env['UPDATE_GOLDEN']) {
    mkdirSync(new URL('.', file), { recursive: true });
    writeFileSync(file, text);
  }
  expect(text).toBe(readFileSync(file, 'utf8'));
};

describe('help', () => {
  test('of the program is as it was agreed', async () => {
    const { code, stdout, stderr } = await nightdrop(['--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    golden('help.txt', stdout);
  });

  test('of each command is as it was agreed', async () => {
    const all = await Promise.all(
      (await allCommands()).map(
        async ({ name }) => `$ nightdrop ${name} --help\n${(await nightdrop([...name.split(' '), '--help'])).stdout}`,
      ),
    );
    golden('help-commands.txt', all.join('\n'));
  });

  test('each command has an example that begins with its name', async () => {
    for (const { name, examples } of await allCommands()) {
      expect(examples.length, name).toBeGreaterThan(0);
      for (const [line] of examples) expect(line.startsWith(name), line).toBe(true);
    }
  });

  test('--version prints the version of the package', async () => {
    expect(await nightdrop(['--version'])).toEqual({ code: 0, stdout: `${packageVersion}\n`, stderr: '' });
  });
});

describe('wrong use ends with 2 and says what would be right', () => {
  test.each([
    { args: ['schedul'], says: 'Did you mean schedule?' },
    { args: ['ledger', 'ad', 'x.csv'], says: 'Did you mean add?' },
    { args: ['deliveries', 'resnd', '1'], says: 'did you mean "resend"?' },
    { args: ['deliveries', 'resend', 'one'], says: 'is not a whole number' },
    { args: ['export', 'acm'], says: 'did you mean "acme"?' },
    { args: ['feeds', '--jsn'], says: 'Did you mean --json?' },
    { args: ['ledger', 'add'], says: "missing required argument 'file'" },
    { args: ['schedule', 'a', 'b'], says: 'too many arguments' },
    { args: ['schedule', 'acm'], says: 'did you mean "acme"?' },
    { args: ['schedule', '--count', 'many'], says: 'is not a whole number' },
    { args: ['schedule', '--from', '2026-02-30'], says: '"2026-02-30" is not an instant' },
    { args: ['schedule', '--from', '2026-02-03T10:00:00'], says: 'with its zone' },
    { args: ['serve', '--only', 'web,wrk'], says: 'did you mean "work"?' },
    { args: ['ledger', 'sample', '--partner', 'acmee'], says: 'did you mean "acme"?' },
    { args: ['ledger', 'add', 'nowhere.csv'], says: 'nowhere.csv' },
    { args: [], says: 'Usage: nightdrop' },
  ])('$args', async ({ args, says }) => {
    const { code, stdout, stderr } = await place().run(...args);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(says);
  });

  test('with --json the one document on stdout says so too', async () => {
    const { code, stdout } = await place().run('schedule', 'acm', '--json');
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'usage', hint: 'did you mean "acme"?' } });
    const unknown = await nightdrop(['schedul', '--json']);
    expect(JSON.parse(unknown.stdout)).toMatchObject({ error: { code: 'usage' } });
  });

  test('common options stand before or after the command', async () => {
    const here = place();
    const common = ['--config', here.config, '--data', here.data, '--json'];
    const before = await nightdrop([...common, 'schedule', '--count', '1', '--from', '2026-01-01']);
    const after = await nightdrop(['schedule', '--count', '1', '--from', '2026-01-01', ...common]);
    expect(before).toEqual(after);
    expect(JSON.parse(before.stdout)).toHaveLength(1);
  });
});

describe('check', () => {
  test('is content with the sample configuration of the repository', async () => {
    const here = place();
    const config = new URL('config', root).pathname;
    const { code, stdout } = await nightdrop(['check', '--config', config, '--data', here.data]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'The configuration is in order.\n' });
  });

  test('shows all problems at once, for people and as JSON', async () => {
    const here = place();
    here.write(
      'partners/acme.yaml',
      partnerYaml('61 2 * * *').replace('timezone: Australia/Sydney', 'timezone: Mars/Base'),
    );
    here.write('nightdrop.yaml', 'databas: { url: "sqlite:x.db" }\n');
    const { code, stdout } = await here.run('check', '--json');
    expect(code).toBe(2);
    const problems = JSON.parse(stdout) as { file: string; field: string; message: string; hint: string }[];
    expect(problems.map(({ file, field }) => `${file} ${field}`)).toEqual([
      'nightdrop.yaml databas',
      'partners/acme.yaml feeds.acme.schedule',
      'partners/acme.yaml feeds.acme.timezone',
    ]);
    expect(Object.keys(problems[0] ?? {})).toEqual(['file', 'field', 'value', 'message', 'hint']);
    const people = await here.run('check');
    expect(people.code).toBe(2);
    for (const { field, hint } of problems) {
      expect(people.stdout).toContain(field);
      expect(people.stdout).toContain(hint);
    }
    expect(people.stdout).toContain('3 problems');
  });

  test('a command that needs the configuration refuses a wrong one with every problem', async () => {
    const here = place();
    here.write('partners/acme.yaml', partnerYaml('61 2 * * *').replace('kind: folder', 'kind: ftp'));
    const { code, stdout, stderr } = await here.run('serve', '--json');
    expect(code).toBe(2);
    expect(stderr).toContain('feeds.acme.schedule');
    expect(stderr).toContain('drops.acme-folder.kind');
    const document = JSON.parse(stdout) as { error: { code: string; problems: unknown[] } };
    expect(document.error.code).toBe('configuration');
    expect(document.error.problems).toHaveLength(2);
  });

  test('a folder without configuration is one problem, not a crash', async () => {
    const here = place();
    const { code, stderr } = await nightdrop(['feeds', '--config', join(here.folder, 'nowhere'), '--data', here.data]);
    expect(code).toBe(2);
    expect(stderr).toContain('nowhere');
  });
});

test('schedule previews the runs around a clock change', async () => {
  const here = place();
  here.write('partners/acme.yaml', partnerYaml('30 2 * * *').replace('Australia/Sydney', 'Europe/Berlin'));
  const { code, stdout } = await here.run(
    'schedule',
    'acme',
    '--from',
    '2026-03-28T12:00:00Z',
    '--count',
    '2',
    '--json',
  );
  expect(code).toBe(0);
  const runs = JSON.parse(stdout) as Record<string, string>[];
  expect(runs.map(({ utc }) => utc)).toEqual(['2026-03-29T01:00:00.000Z', '2026-03-30T00:30:00.000Z']);
  expect(Object.keys(runs[0] ?? {})).toEqual(['feed', 'local', 'utc', 'note']);
  expect(runs[0]?.['note']).toContain('02:30');
  expect((await here.run('schedule', '--count', '2')).stdout).toContain('note');
});
