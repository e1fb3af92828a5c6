import { readFileSync } from 'node:fs';
import { asFault } from '../fault.ts';
import { Secret } from '../secret.ts';
import { type Path, type Reading, report } from './problem.ts';
import { leaf, missing, Wrong } from './shape.ts';
import { inDataFolder } from './values.ts';

/** Where a secret is to be found. The configuration itself never holds one. */
export type SecretSource = { env: string } | { file: string };

const ways = 'write {env: NAME} to take it from the environment, or {file: PATH}';

const only = (value: object, key: string): string | undefined => {
  const [entry, ...others] = Object.entries(value);
  const found: unknown = entry?.[0] === key && others.length === 0 ? entry[1] : undefined;
  return typeof found === 'string' && found.trim() !== '' ? found : undefined;
};

/** `{env: NAME}` or `{file: PATH}`. A secret written in plain is refused. */
export const secretSource = leaf((value): SecretSource | Wrong => {
  if (value === undefined || value === null) return missing(ways);
  if (typeof value !== 'object') return new Wrong('is written in plain; the configuration holds no secrets', ways);
  const [env, file] = [only(value, 'env'), only(value, 'file')];
  if (env !== undefined && /^[A-Za-z_][A-Za-z0-9_]*$/.test(env)) return { env };
  if (file !== undefined) return { file };
  return new Wrong('does not say where the secret is', ways);
});

/** A secret that may also stand as text, because it need not hold one: an address. */
export const sourceOrText = leaf((value): SecretSource | { text: string } | Wrong => {
  if (typeof value === 'string' && value.trim() !== '') return { text: value };
  if (value === undefined || value === null) return missing('write it as text, {env: NAME} or {file: PATH}');
  const source = secretSource.safeParse(value);
  return source.success
    ? source.data
    : new Wrong('must be text, {env: NAME} or {file: PATH}', 'put it in quotes, or say where it is to be found');
});

/** What is in a file of the data folder or elsewhere, or undefined with a problem reported. */
export const bytesIn = (reading: Reading, path: Path, file: string): Buffer | undefined => {
  const place = inDataFolder(reading.dataFolder, file);
  try {
    return readFileSync(place);
  } catch (error) {
    const reason =
      error instanceof Error && 'code' in error && error.code === 'EISDIR'
        ? 'it is a folder'
        : asFault(error, 'read', place).reason;
    report(reading, path, `the file ${place} cannot be read: ${reason}`, 'check the path and who may read it');
    return undefined;
  }
};

const fromEnvironment = (reading: Reading, path: Path, name: string): string | undefined => {
  const value = reading.env[name];
  if (value === undefined)
    report(reading, path, `the environment variable ${name} is not set`, `set ${name}, or write {file: PATH}`);
  return value;
};

/** The secret itself, or undefined with a problem reported. One line break at the end of a file is not part of it. */
export const reveal = (reading: Reading, path: Path, source: SecretSource | undefined): Secret | undefined => {
  if (source === undefined) return undefined;
  const found =
    'env' in source ? fromEnvironment(reading, path, source.env) : bytesIn(reading, path, source.file)?.toString();
  if (found === undefined) return undefined;
  const value = found.replace(/\r?\n$/, '');
  if (value !== '') return new Secret(value);
  const where = 'env' in source ? `the environment variable ${source.env}` : `the file ${source.file}`;
  report(reading, path, `${where} is empty`, 'put the secret there');
  return undefined;
};
