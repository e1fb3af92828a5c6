import { posix } from 'node:path';
import type { Import, Source } from './architecture-source.ts';

/** The rooms in order: each may import the ones before it. `leaves` are the files directly in src/. */
const rooms = [
  'leaves',
  'src/store',
  'src/file',
  'src/work',
  'src/drop',
  'src/notify',
  'src/ledger',
  'src/outbound/delivery',
  'src/outbound/feed',
  'src/outbound/push',
  'src/inbound/submission',
  'src/inbound/mail',
  'src/inbound/match',
  'src/inbound/event',
  'src/watch',
  'src/settings',
  'src/web',
  'jobs',
  'src/cli',
];

/** Tighter than the order: files whose path begins with `from` never import what begins with `to`. */
const walls: { from: string; to: string; but?: string[]; because: string }[] = [
  { from: 'src/outbound/', to: 'src/inbound/', because: 'the wings never import each other' },
  { from: 'src/inbound/', to: 'src/outbound/', because: 'the wings never import each other' },
  { from: 'src/drop/', to: 'src/', but: ['leaves', 'src/drop/'], because: 'a drop knows names and bytes only' },
  {
    from: 'src/outbound/',
    to: 'src/drop/',
    but: ['src/drop/drop.ts', 'src/drop/digest.ts'],
    because: 'only the contract, never an adapter',
  },
  { from: 'src/inbound/', to: 'src/drop/', but: ['src/drop/drop.ts'], because: 'only the contract, never an adapter' },
  { from: 'src/outbound/delivery/', to: 'src/outbound/feed/', because: 'delivery never reads feeds' },
  {
    from: 'src/notify/',
    to: 'src/',
    but: ['leaves', 'src/notify/'],
    because: 'it passes words on and knows no domain',
  },
  { from: 'src/web/', to: 'src/settings/', because: 'only cli reads settings; others receive values' },
  { from: 'jobs/', to: 'src/settings/', because: 'only cli reads settings; others receive values' },
  { from: 'jobs/', to: 'src/web/', because: 'a job is started by cli and knows neither web nor cli' },
];

/** Who may import a package; `types` may import its types only. A package that is not here has no owner yet. */
const tables = ['src/work/', 'src/ledger/', 'src/outbound/', 'src/inbound/', 'src/watch/', 'src/web/'];
const owners: Record<string, { values: string[]; types?: string[] }> = {
  'basic-ftp': { values: ['src/drop/ftps/open.ts'], types: ['src/drop/ftps/'] },
  'better-sqlite3': { values: ['src/store/'], types: tables },
  commander: { values: ['src/cli/'] },
  croner: { values: ['src/work/due.ts'] },
  'csv-parse': { values: ['src/file/csv.ts'] },
  'csv-stringify': { values: ['src/file/csv.ts'] },
  hono: { values: ['src/web/'] },
  '@hono/node-server': { values: ['src/web/'] },
  '@hono/zod-openapi': { values: ['src/web/'] },
  knex: { values: ['src/store/'], types: tables },
  mailauth: { values: ['src/inbound/mail/authentication.ts'] },
  mailparser: { values: ['src/inbound/mail/message.ts'] },
  'node-cron': { values: ['src/work/wake.ts'] },
  nodemailer: { values: ['src/notify/mail.ts'] },
  openpgp: { values: ['src/file/pgp.ts', 'src/file/pgp-key.ts'] },
  pg: { values: ['src/store/'], types: tables },
  'pg-copy-streams': { values: ['src/store/', 'src/outbound/feed/'] },
  'pg-query-stream': { values: ['src/store/', 'src/outbound/feed/'] },
  pino: { values: ['src/log.ts'] },
  'prom-client': { values: ['src/web/'] },
  saxes: { values: ['src/file/xml.ts'] },
  'smtp-server': { values: ['src/inbound/mail/listener.ts'], types: ['src/inbound/mail/'] },
  ssh2: { values: ['src/drop/sftp/', 'src/drop/doctor/'] },
  'ssh2-sftp-client': { values: ['src/drop/sftp/open.ts'] },
  yaml: { values: ['src/settings/'] },
  yauzl: { values: ['src/file/unzip.ts'] },
  yazl: { values: ['src/file/zip.ts'] },
  zod: { values: ['src/settings/', 'src/web/'] },
};

/** What only some files may touch. */
const reserved: { what: RegExp; only: string; because: string }[] = [
  { what: /^(globalThis\.)?process\.env$/, only: 'src/settings/', because: 'the environment is read in settings' },
  { what: /^(Date\.now|new Date\(\))$/, only: 'src/clock.ts', because: 'time comes from a Clock' },
  { what: /^(globalThis\.)?console\./, only: 'src/cli/', because: 'only cli talks to people' },
  { what: /^process\.(stdout|stderr|stdin|exit|exitCode)$/, only: 'src/cli/', because: 'only cli owns the process' },
];

const wordless = /^(index|utils?|helpers?|common|misc)$|-(service|manager|helper|utils?)$/;
const wordlessName = /^[A-Z].*(Service|Manager|Helper|Utils?)$/;
const longest = 250;
const mostRooms = 12;

const roomOf = (path: string): string => {
  if (/^src\/[^/]+$/.test(path)) return 'leaves';
  return rooms.find((room) => path.startsWith(`${room}/`)) ?? 'nowhere';
};

const isIn = (path: string, places: string[]): boolean =>
  places.some((place) => path.startsWith(place) || roomOf(path) === place);

const importProblem = (path: string, { target, own, typeOnly }: Import, known: Set<string>): string | undefined => {
  if (!own) {
    const owner = owners[target];
    if (!owner) return 'no owner is named for it in test/architecture-rules.ts';
    if (isIn(path, owner.values) || (typeOnly && isIn(path, owner.types ?? []))) return undefined;
    return `it belongs to ${owner.values.join(', ')}${owner.types && !typeOnly ? ' (types: in table files too)' : ''}`;
  }
  if (!known.has(target)) return 'no such file in src or jobs';
  const [from, to] = [rooms.indexOf(roomOf(path)), rooms.indexOf(roomOf(target))];
  if (from < to) return `${roomOf(path)} comes before ${roomOf(target)}, and imports point the other way`;
  const wall = walls.find((w) => path.startsWith(w.from) && target.startsWith(w.to) && !isIn(target, w.but ?? []));
  return wall?.because;
};

const importProblems = (sources: Source[]): string[] => {
  const known = new Set(sources.map(({ path }) => path));
  return sources.flatMap(({ path, imports }) =>
    imports.flatMap((found) => {
      const problem = importProblem(path, found, known);
      return problem === undefined ? [] : [`${path}:${found.line} imports ${found.target}: ${problem}`];
    }),
  );
};

const touchProblems = (sources: Source[]): string[] =>
  sources.flatMap(({ path, touches }) =>
    touches.flatMap(({ what, line }) =>
      reserved
        .filter((rule) => rule.what.test(what) && !path.startsWith(rule.only))
        .map((rule) => `${path}:${line} uses ${what}: ${rule.because}`),
    ),
  );

const nameProblems = (sources: Source[]): string[] =>
  sources.flatMap(({ path, names, defaultExport }) => [
    ...(roomOf(path) === 'nowhere' ? [`${path}: its room is not in the list of rooms`] : []),
    ...path
      .split('/')
      .filter((part) => wordless.test(part.replace(/\.\w+$/, '')))
      .map((part) => `${path}: "${part}" says nothing; name it for its noun or verb`),
    ...names
      .filter(({ name }) => wordlessName.test(name))
      .map(({ name, line }) => `${path}:${line} "${name}" says nothing; name it for its noun or verb`),
    ...(defaultExport === undefined ? [] : [`${path}:${defaultExport} has a default export; exports have names`]),
  ]);

/** Long files, and too many rooms side by side. */
export const sizeProblems = (sources: Source[]): string[] => {
  const folders = new Map<string, Set<string>>();
  for (const { path } of sources) {
    for (let folder = posix.dirname(path); folder !== '.'; folder = posix.dirname(folder)) {
      const parent = posix.dirname(folder);
      folders.set(parent, (folders.get(parent) ?? new Set()).add(folder));
    }
  }
  return [
    ...sources
      .filter(({ lines }) => lines > longest)
      .map(
        ({ path, lines }) => `${path} has ${lines} lines; at most ${longest}, so give a part of it a file of its own`,
      ),
    ...[...folders]
      .filter(([, rooms]) => rooms.size > mostRooms)
      .map(([folder, { size }]) => `${folder} has ${size} folders; at most ${mostRooms} rooms stand side by side`),
  ];
};

/** Files that reach themselves by imports, each ring once, type imports included. */
export const ringProblems = (sources: Source[]): string[] => {
  const edges = new Map(
    sources.map(({ path, imports }) => [
      path,
      imports.filter(({ own, worker }) => own && !worker).map((i) => i.target),
    ]),
  );
  const done = new Set<string>();
  const rings: string[] = [];
  const walk = (path: string, trail: string[]): void => {
    const at = trail.indexOf(path);
    if (at >= 0) rings.push(`${[...trail.slice(at), path].join(' → ')}: a ring of imports`);
    if (at >= 0 || done.has(path)) return;
    for (const next of edges.get(path) ?? []) walk(next, [...trail, path]);
    done.add(path);
  };
  for (const path of edges.keys()) walk(path, []);
  return rings;
};

/** Each rule of the house, as a function from the sources to what is wrong, with file, line and rule. */
export const checks = {
  'imports point one way, and packages stay with their owners': importProblems,
  'environment, wall clock, console and process are touched in one place': touchProblems,
  'names say something, and every room is known': nameProblems,
  'files and rooms stay small': sizeProblems,
  'no rings of imports': ringProblems,
};
