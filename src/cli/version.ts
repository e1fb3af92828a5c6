import { existsSync, readFileSync } from 'node:fs';

/** The version in the package's own package.json, which stands above the sources and above what `npm pack` emits. */
export const version = (): string => {
  for (let folder = new URL('./', import.meta.url); ; folder = new URL('../', folder)) {
    const file = new URL('package.json', folder);
    if (existsSync(file)) return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
  }
};
