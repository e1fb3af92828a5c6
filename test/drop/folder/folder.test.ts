import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FolderSpec } from '../../../src/drop/drop.ts';
import { openDrop } from '../../../src/drop/open-drop.ts';
import { dropContract } from '../contract.ts';
import type { Stage } from '../stage.ts';

const asRoot = process.getuid?.() === 0;

/** Takes the right to write; root has every right, so it is somebody else meanwhile. */
const forbid = (folder: string) => (): (() => void) => {
  chmodSync(folder, 0o555);
  if (asRoot) process.seteuid?.(65_534);
  return () => {
    if (asRoot) process.seteuid?.(0);
    chmodSync(folder, 0o755);
  };
};

const stageIn = (folder: string, leave: () => void): Stage => {
  const spec: FolderSpec = {
    kind: 'folder',
    name: 'shelf',
    folder,
    concurrency: 16,
    stepTimeout: 5_000,
    replace: false,
  };
  return {
    open: (changes) => openDrop({ ...spec, ...changes }),
    folder,
    forbid: forbid(folder),
    small: () => Promise.resolve(smallStage()),
    stop: () => Promise.resolve(leave()),
  };
};

const smallStage = (): Stage | string => {
  const folder = mkdtempSync(join(tmpdir(), 'nightdrop-small-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', folder], { stdio: 'pipe' });
  } catch (error) {
    if (process.env['CI']) throw error;
    return 'a small file system can only be mounted by root';
  }
  return stageIn(folder, () => {
    execFileSync('umount', [folder]);
    rmSync(folder, { recursive: true });
  });
};

dropContract('folder', () => {
  const home = mkdtempSync(join(tmpdir(), 'nightdrop-folder-'));
  chmodSync(home, 0o755);
  const folder = join(home, 'drop');
  mkdirSync(folder);
  return Promise.resolve(stageIn(folder, () => rmSync(home, { recursive: true })));
});
