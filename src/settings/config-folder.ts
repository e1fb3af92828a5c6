import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { asFault } from '../fault.ts';
import { dotted, type Reading } from './problem.ts';
import { nearest } from './suggest.ts';
import { readYaml } from './yaml-file.ts';

/** One file of the configuration folder, read as YAML. */
export interface ConfigFile {
  kind: 'nightdrop' | 'partner' | 'event-type';
  /** File name without `.yaml`. */
  baseName: string;
  reading: Reading;
}

type Context = Omit<Reading, 'file' | 'raw'>;

const folders = { partners: 'partner', 'event-types': 'event-type' } as const;
const example = 'see config/README.md; the least that works is "database: {}"';

const complain = (context: Context, file: string, message: string, hint: string, field = ''): void => {
  context.problems.push({ file, field, value: null, message, hint });
};

/** The file's text; undefined with a problem noted. */
const readText = (folder: string, file: string, context: Context): string | undefined => {
  try {
    const bytes = readFileSync(join(folder, file));
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) complain(context, file, 'the file is not UTF-8', 'save it as UTF-8');
    else {
      const { reason, hint } = asFault(error, 'read', file);
      complain(context, file, `the file cannot be read: ${reason}`, hint);
    }
    return undefined;
  }
};

const readFile = (folder: string, file: string, kind: ConfigFile['kind'], context: Context): ConfigFile => {
  const content = readText(folder, file, context);
  const { raw, problems } = content === undefined ? { raw: undefined, problems: [] } : readYaml(content);
  for (const { path, message, hint } of problems) complain(context, file, message, hint, dotted(path));
  return { kind, baseName: basename(file, '.yaml'), reading: { ...context, file, raw } };
};

const names = (folder: string): string[] => (existsSync(folder) ? readdirSync(folder).sort() : []);
const isYaml = (name: string): boolean => !name.startsWith('.') && ['.yaml', '.yml'].includes(extname(name));

const readFolder = (folder: string, under: keyof typeof folders, context: Context): ConfigFile[] =>
  names(join(folder, under))
    .filter(isYaml)
    .flatMap((name) => {
      if (name.endsWith('.yaml')) return [readFile(folder, `${under}/${name}`, folders[under], context)];
      complain(context, `${under}/${name}`, 'the file is not read', 'its name must end in .yaml');
      return [];
    });

/** What lies in the configuration folder but is not read, although it looks as if it should be. */
const checkStray = (folder: string, context: Context): void => {
  const expected = ['nightdrop.yaml', ...Object.keys(folders)];
  for (const name of names(folder)) {
    if (expected.includes(name)) continue;
    const near = nearest(name, expected);
    if (near !== undefined) complain(context, name, 'is not read', `did you mean "${near}"?`);
    else if (isYaml(name))
      complain(context, name, 'the file is not read', 'partners go to partners/, event types to event-types/');
  }
};

/** Reads every file of the configuration folder: `nightdrop.yaml`, `partners/*.yaml`, `event-types/*.yaml`. */
export const readConfigFolder = (folder: string, context: Context): ConfigFile[] => {
  if (!existsSync(folder)) {
    complain(context, '', `there is no configuration folder ${folder}`, 'say where it is with --config DIR');
    return [];
  }
  checkStray(folder, context);
  const found = existsSync(join(folder, 'nightdrop.yaml'));
  if (!found) complain(context, 'nightdrop.yaml', 'the file is missing', example);
  return [
    ...(found ? [readFile(folder, 'nightdrop.yaml', 'nightdrop', context)] : []),
    ...readFolder(folder, 'partners', context),
    ...readFolder(folder, 'event-types', context),
  ];
};
