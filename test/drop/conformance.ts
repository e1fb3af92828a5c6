import type { TestContext } from 'vitest';

/** What a test saw of a server: one cell of the conformance matrix in `src/drop/README.md`. */
export interface Finding {
  server: Server;
  /** What the server is like, or is told to be like. */
  variant: string;
  outcome: string;
}

declare module 'vitest' {
  interface TaskMeta {
    finding?: Finding;
  }
}

/** The servers of the matrix, in its order. */
export const servers = ['OpenSSH', 'ProFTPD mod_sftp', 'vsftpd', 'ProFTPD mod_tls', 'Pure-FTPd'] as const;

export type Server = (typeof servers)[number];

/** Told by a test that has seen it; counts when the test passes. */
export const found = (context: TestContext, finding: Finding): void => void (context.task.meta.finding = finding);

/** One test of a run, as the matrix needs it. */
export interface Seen {
  /** Its title, and those of what it stands in. */
  title: string;
  passed: boolean;
  finding?: Finding;
}

/** What the contract's tests are about, by their titles; each test belongs to the first that fits. */
const aspects: [string, RegExp][] = [
  ['put, list, fetch', /^takes |gives the same bytes|one write in flight|^lists |^gives up /],
  ['rename', /under the final name while|renames nothing|left-over partial/],
  ['name taken', /taken|replaces/],
  ['looked at after', /took the file at once|another size|bytes lost/],
  ['folder, rights', /folder is|permission denied/],
  ['full disk', /disk is full/],
  ['our bytes changed', /our own bytes|of ours is changed|cannot be given/],
  ['at once', /closes twice|many at once/],
];

/** What the suite of a server's variants is called, after the server's name. */
export const restricted = 'restricted:';

const contract = /^(?:(.+?) > )?a (.+?) drop > (.+)$/;

/** Whether a test stands in the matrix. */
export const counts = ({ title }: Seen): boolean => contract.test(title) || title.includes(`, ${restricted} > `);

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n');

const contractTable = (tests: readonly Seen[]): string => {
  const drops = new Map<string, Map<string, boolean>>();
  for (const { title, passed } of tests) {
    const [, server, kind, test = ''] = contract.exec(title) ?? [];
    if (kind === undefined) continue;
    const name = server === undefined ? kind : `${server}: ${kind}`;
    const aspect = aspects.find(([, pattern]) => pattern.test(test))?.[0] ?? `unnamed: ${test}`;
    const cells = drops.get(name) ?? new Map<string, boolean>();
    drops.set(name, cells.set(aspect, (cells.get(aspect) ?? true) && passed));
  }
  const names = aspects.map(([name]) => name);
  const lines = [...drops].sort(([a], [b]) => (a < b ? -1 : 1));
  return table(
    ['drop', ...names],
    lines.map(([name, cells]) => [name, ...names.map((aspect) => (cells.get(aspect) ? '✓' : '–'))]),
  );
};

const variantTable = (tests: readonly Seen[]): string => {
  const findings = tests.flatMap(({ passed, finding }) => (passed && finding ? [finding] : []));
  const variants = [...new Set(findings.map(({ variant }) => variant))].sort();
  const cell = (variant: string, server: Server) =>
    findings.find((each) => each.variant === variant && each.server === server)?.outcome ?? '';
  return table(
    ['the server', ...servers],
    variants.map((variant) => [variant, ...servers.map((server) => cell(variant, server))]),
  );
};

/** The matrix, as it stands between the marks of the README. */
export const matrixOf = (tests: readonly Seen[]): string =>
  [
    'The contract (`test/drop/contract.ts`), the same tests for every drop:',
    contractTable(tests),
    'Servers that restrict or change something, and how an upload to them ends (empty: the server cannot be told so):',
    variantTable(tests),
  ].join('\n\n');

export const begin = '<!-- conformance: written by GOLDEN=write npm test -- test/drop -->';
export const end = '<!-- end of conformance -->';

/** The README with this matrix between its marks; undefined when it has no marks. */
export const withMatrix = (readme: string, matrix: string): string | undefined => {
  const [from, to] = [readme.indexOf(begin), readme.indexOf(end)];
  if (from < 0 || to < from) return undefined;
  return `${readme.slice(0, from + begin.length)}\n\n${matrix}\n\n${readme.slice(to)}`;
};
