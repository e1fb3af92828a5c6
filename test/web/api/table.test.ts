import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { allCommands } from '../../../src/cli/commands.ts';
import type { Store } from '../../../src/store/store.ts';
import { endpoints } from '../../../src/web/api/api.ts';

const readme = readFileSync(new URL('../../../src/web/api/README.md', import.meta.url), 'utf8');
const told = [...readme.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text);

test('every command stands in the table of the API, with endpoints that there are', async () => {
  const commands = (await allCommands()).map(({ name }) => name);
  expect(commands.filter((name) => !told.includes(name))).toEqual([]);
  const ctx = { store: {} as Store, settings: () => ({}) } as never;
  const real = endpoints(ctx).map((one) => `${one.told.method.toUpperCase()} ${one.told.path}`);
  const named = [...new Set(told.filter((text) => /^(GET|POST|PUT|DELETE) \//.test(text)))];
  expect(named.toSorted()).toEqual(real.toSorted());
});
