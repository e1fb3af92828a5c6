import type { DropSpec, Learned } from '../drop.ts';
import type { Facts } from './exam.ts';

/** A drop's section as it stands in the configuration: plain data, secrets as `{env}` or `{file}`. */
export type Section = Readonly<Record<string, unknown>>;

/** What to say beside a key of the section. */
interface Change {
  key: string;
  value: unknown;
  why: string;
}

const pins = (spec: DropSpec, facts: Facts): Change[] => {
  if (spec.kind === 'sftp' && facts.hostKeys && facts.hostKeys.length > 0)
    return [
      {
        key: 'hostKeys',
        value: facts.hostKeys.slice(0, 1),
        why: 'shown by the server; compare it with what the partner says',
      },
    ];
  if (spec.kind === 'ftps' && facts.certificate !== undefined)
    return [
      {
        key: 'certificates',
        value: [facts.certificate],
        why: 'shown by the server; compare it with what the partner says',
      },
    ];
  return [];
};

const replacing = (spec: DropSpec): Change[] =>
  spec.kind === 'ftps' && !spec.replace
    ? [{ key: 'replace', value: true, why: 'an upload over FTPS overwrites, and nobody may look before it' }]
    : [];

const changesOf = (spec: DropSpec, facts: Facts, learned: Learned): Change[] => [
  ...(facts.mode ? [{ key: 'mode', value: facts.mode, why: 'how TLS begins on this port' }] : []),
  ...pins(spec, facts),
  ...(facts.cannotRename === true && spec.rename !== false
    ? [{ key: 'rename', value: false, why: 'its feeds then need marker: "{name}.done" in their files' }]
    : []),
  ...(learned.writes === 'one' && spec.concurrency > 1
    ? [{ key: 'concurrency', value: 1, why: 'the server refuses several writes in flight' }]
    : []),
  ...(facts.blind === true && spec.confirm !== 'none'
    ? [{ key: 'confirm', value: 'none', why: 'nobody may look whether a file is there' }, ...replacing(spec)]
    : []),
  ...(facts.oneSession === true ? [{ key: 'sessions', value: 1, why: 'the server lets us in once at a time' }] : []),
];

/** Text that needs no quotes; `.5` and `.inf` would be numbers. */
const plain = /^[A-Za-z_/][A-Za-z0-9_./@-]*$/;
const words = /^(true|false|null|yes|no|on|off|~)$/i;

/** A value in YAML's flow style; text is quoted wherever it could be read as something else. */
export const flow = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(flow).join(', ')}]`;
  if (typeof value === 'object' && value !== null)
    return `{ ${Object.entries(value)
      .map(([key, each]) => `${flow(key)}: ${flow(each)}`)
      .join(', ')} }`;
  if (typeof value === 'string') return plain.test(value) && !words.test(value) ? value : JSON.stringify(value);
  return JSON.stringify(value) ?? 'null';
};

const line = (key: string, value: unknown, why?: string): string =>
  `    ${key}: ${flow(value)}${why === undefined ? '' : `   # ${why}`}`;

/** The drop's section to paste: as it is configured, with what was found put in and said why. Pure. */
export const blockOf = (spec: DropSpec, section: Section, facts: Facts, learned: Learned): string => {
  const changes = changesOf(spec, facts, learned);
  const changed = new Map(changes.map((change) => [change.key, change]));
  const kept = Object.entries(section).map(([key, value]) => {
    const change = changed.get(key);
    return change ? line(key, change.value, change.why) : line(key, value);
  });
  const added = changes.filter(({ key }) => !Object.hasOwn(section, key));
  return [
    'drops:',
    `  ${flow(spec.name)}:`,
    ...kept,
    ...added.map(({ key, value, why }) => line(key, value, why)),
  ].join('\n');
};
