import { shownValue } from './shown-value.ts';

/** One thing that is wrong in the configuration, in the form in which `check` prints it. */
export interface Problem {
  /** Relative to the configuration folder: `partners/acme.yaml`. */
  file: string;
  /** Dotted path inside the file: `feeds.acme-nightly.schedule`; empty for the file as a whole. */
  field: string;
  /** The value as it stands in the file, with secrets as `***`; null when there is none. */
  value: string | number | boolean | null;
  message: string;
  /** What to write instead or what to do. */
  hint: string;
}

export type Path = readonly (string | number)[];

/** One configuration file while it is being read. */
export interface Reading {
  file: string;
  /** The file's content as plain data. */
  raw: unknown;
  /** The list all files report to. */
  problems: Problem[];
  /** Where `{env: NAME}` looks. */
  env: Readonly<Record<string, string | undefined>>;
  /** Absolute; what relative paths are relative to. */
  dataFolder: string;
  /** Milliseconds: keys are judged as of now. */
  now: number;
  /** Checks that take a while: run one after another when everything has been read. They report like the others. */
  later: (() => Promise<void>)[];
}

/** `['feeds', 'a', 'file', 'columns', 2]` → `feeds.a.file.columns[2]`. */
export const dotted = (path: Path): string =>
  path.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : text === '' ? part : `${text}.${part}`),
    '',
  );

/** What stands at `path`; undefined when there is nothing. */
export const valueAt = (raw: unknown, path: Path): unknown =>
  path.reduce<unknown>(
    (value, part) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, part)
        ? (value as Record<string | number, unknown>)[part]
        : undefined,
    raw,
  );

/** Notes a problem at `path`. The value shown is the one that stands there, or `value`. */
export const report = (reading: Reading, path: Path, message: string, hint: string, value?: unknown): void => {
  const shown = shownValue(path, value === undefined ? valueAt(reading.raw, path) : value);
  reading.problems.push({ file: reading.file, field: dotted(path), value: shown, message, hint });
};
