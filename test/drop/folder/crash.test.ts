import { existsSync, linkSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { FolderSpec } from '../../../src/drop/drop.ts';
import { openDrop } from '../../../src/drop/open-drop.ts';
import { deliver, outgoing } from '../stage.ts';

const scene = (changes: Partial<FolderSpec> = {}) => {
  const folder = mkdtempSync(join(tmpdir(), 'nightdrop-folder-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const spec = { kind: 'folder', name: 'f', folder, concurrency: 1, stepTimeout: 5000, replace: false } as const;
  return { open: () => openDrop({ ...spec, ...changes }), path: (name: string) => join(folder, name), folder };
};

test('a partial that lies there was never published', async () => {
  const { open, path } = scene();
  const file = outgoing('a.csv', 'rows');
  writeFileSync(path(file.partial), 'rows');
  expect(await (await open()).look(file.partial)).toMatchObject({ bytes: 4 });
});

test('what a crash left in the middle of publishing counts as nothing there, and is removed with its partial name', async () => {
  const { open, path, folder } = scene();
  const file = outgoing('a.csv', 'rows');
  const linking = path(file.partial.replace(/\.part$/, '.link'));
  writeFileSync(path(file.partial), 'rows');
  renameSync(path(file.partial), linking);
  linkSync(linking, path('a.csv'));
  const drop = await open();
  expect(await drop.look(file.partial)).toBeUndefined();
  expect(await drop.look(file.name)).toMatchObject({ bytes: 4 });
  await drop.remove(file.partial);
  expect(readdirSync(folder)).toEqual(['a.csv']);
});

test.each([false, true])('nothing of ours stays beside a published file (replace: %s)', async (replace) => {
  const stage = scene({ replace });
  await deliver(stage, outgoing('a.csv', 'rows'));
  expect(readdirSync(stage.folder)).toEqual(['a.csv']);
});

test('nothing of ours stays when the name was taken at the last moment', async () => {
  const stage = scene();
  const take = () => writeFileSync(stage.path('a.csv'), 'theirs');
  await expect(deliver(stage, outgoing('a.csv', 'ours'), { renaming: take })).rejects.toMatchObject({ code: 'taken' });
  expect(existsSync(stage.path('a.csv')) && readdirSync(stage.folder)).toEqual(['a.csv']);
});
