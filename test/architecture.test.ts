import { globSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checks, ringProblems, sizeProblems } from './architecture-rules.ts';
import { readSource } from './architecture-source.ts';

const root = new URL('..', import.meta.url).pathname;
const product = globSync(['src/**/*.ts', 'jobs/**/*.ts'], { cwd: root }).map((path) =>
  readSource(path, readFileSync(posix.join(root, path), 'utf8')),
);

describe('the house', () => {
  test('is seen', () => expect(product.length).toBeGreaterThan(50));
  test.each(Object.entries(checks))('%s', (_, check) => expect(check(product)).toEqual([]));
});

describe('the checker catches', () => {
  const others = [
    'src/store/store.ts',
    'src/drop/drop.ts',
    'src/drop/sftp/open.ts',
    'src/cli/main.ts',
    'src/web/web.ts',
  ]
    .concat(['src/settings/settings.ts', 'src/inbound/mail/mail.ts', 'src/outbound/feed/feed.ts', 'src/clock.ts'])
    .concat(['jobs/catalog.ts', 'src/outbound/feed/thread.ts']);
  const problems = (path: string, text: string): string[] => {
    const sources = [
      ...others.filter((other) => other !== path).map((other) => readSource(other, '')),
      readSource(path, text),
    ];
    return Object.values(checks).flatMap((check) => check(sources));
  };

  test.each([
    [
      'src/store/x.ts',
      "import { a } from '../drop/drop.ts';",
      /x\.ts:1 imports src\/drop\/drop\.ts: src\/store comes before/,
    ],
    ['src/clock.ts', "\nimport type { A } from './store/store.ts';", /clock\.ts:2 imports .*leaves comes before/],
    ['src/work/x.ts', "export { main } from '../cli/main.ts';", /src\/work comes before src\/cli/],
    ['src/work/x.ts', "const a = await import('../cli/main.ts');", /src\/work comes before src\/cli/],
    ['src/work/x.ts', "let a: import('../cli/main.ts').Main;", /src\/work comes before src\/cli/],
    ['src/work/x.ts', "new Worker(new URL('../outbound/feed/thread.ts', import.meta.url));", /src\/work comes before/],
    ['src/inbound/mail/x.ts', "import { f } from '../../outbound/feed/feed.ts';", /wings never import each other/],
    ['src/drop/x.ts', "import { s } from '../store/store.ts';", /names and bytes only/],
    ['src/outbound/delivery/x.ts', "import { s } from '../../drop/sftp/open.ts';", /never an adapter/],
    ['src/web/x.ts', "import type { S } from '../settings/settings.ts';", /only cli reads settings/],
    ['jobs/x.ts', "import type { S } from '../src/settings/settings.ts';", /only cli reads settings/],
    ['jobs/x.ts', "import { m } from '../src/cli/main.ts';", /jobs comes before src\/cli/],
    ['src/web/x.ts', "import { c } from '../../jobs/catalog.ts';", /src\/web comes before jobs/],
    ['src/cellar/x.ts', 'export const a = 1;', /x\.ts: its room is not in the list/],
    ['src/work/x.ts', "import { h } from '../../test/stores.ts';", /no such file in src or jobs/],
    ['src/work/x.ts', "import Cron from 'node-cron';", /node-cron: it belongs to src\/work\/wake\.ts/],
    ['src/work/x.ts', "import knex, { type Knex } from 'knex';", /types: in table files too/],
    ['src/file/x.ts', "import type { Knex } from 'knex';", /it belongs to src\/store\//],
    ['src/work/x.ts', "import { pad } from 'left-pad';", /no owner is named/],
    ['src/work/x.ts', "import { p } from 'csv-parse/sync';", /csv-parse: it belongs to/],
    ['src/work/x.ts', 'const now = Date.now();', /x\.ts:1 uses Date\.now: time comes from a Clock/],
    ['src/work/x.ts', 'const now = new Date();', /time comes from a Clock/],
    ['src/work/x.ts', 'const now = new Date;', /time comes from a Clock/],
    ['src/work/x.ts', 'const now = Date();', /time comes from a Clock/],
    ['src/cli/x.ts', "const a = process.env['HOME'];", /the environment is read in settings/],
    ['src/cli/x.ts', "const a = process['env'];", /the environment is read in settings/],
    ['src/cli/x.ts', 'const { env } = process;', /the environment is read in settings/],
    ['src/web/x.ts', "console.log('hello');", /only cli talks to people/],
    ['src/web/x.ts', "process.stderr.write('hello');", /only cli owns the process/],
    ['src/work/index.ts', 'export const a = 1;', /"index\.ts" says nothing/],
    ['src/work/utils/x.ts', 'export const a = 1;', /"utils" says nothing/],
    ['src/work/mail-helper.ts', 'export const a = 1;', /"mail-helper\.ts" says nothing/],
    ['src/work/x.ts', 'export class LeaseManager {}', /"LeaseManager" says nothing/],
    ['src/work/x.ts', 'export default 1;', /default export/],
    ['src/work/x.ts', 'export default function f() {}', /default export/],
    ['src/work/x.ts', 'const a = 1;\nexport { a as default };', /x\.ts:2 has a default export/],
    ['src/work/x.ts', 'export const a = 1;\n'.repeat(251), /251 lines/],
    ['src/work/x.ts', "import { b } from './x.ts';", /a ring of imports/],
  ] as [string, string, RegExp][])('%s: %.60s', (path, text, words) => {
    expect(problems(path, text)).toEqual([expect.stringMatching(words)]);
  });

  test('a ring of three, a thirteenth room', () => {
    const ring = ['a', 'b', 'c'].map((name, at, all) =>
      readSource(`src/work/${name}.ts`, `import { x } from './${all[(at + 1) % 3]}.ts';`),
    );
    expect(ringProblems(ring)).toEqual([
      'src/work/a.ts → src/work/b.ts → src/work/c.ts → src/work/a.ts: a ring of imports',
    ]);
    const many = Array.from({ length: 13 }, (_, n) => readSource(`src/room${n}/x.ts`, ''));
    expect(sizeProblems(many)).toEqual([expect.stringMatching(/src has 13 folders/)]);
  });

  test('but not what is right, nor what stands in comments and texts', () => {
    const right = `
      import type { Knex } from 'knex';
      import { randomBytes } from 'node:crypto';
      import { int, type Store } from '../store/store.ts';
      // process.env, console.log, new Date()
      export const text = 'process.env.HOME' + new Date(0).toISOString();`;
    expect(problems('src/work/x.ts', right)).toEqual([]);
  });
});
