import { statfs } from 'node:fs/promises';
import type { FolderSpec } from '../drop.ts';
import { openFolder } from '../folder/open.ts';
import type { MovingDrop } from '../put.ts';
import type { Exam } from './exam.ts';
import { size } from './text.ts';

/** The folder of a folder drop, as a delivery opens it. */
export const openFolderDrop = (exam: Exam, spec: FolderSpec): Promise<MovingDrop> =>
  exam.run.gain('folder', async (give) => {
    give(await openFolder(spec));
    const space = await statfs(spec.folder).catch(() => undefined);
    return { detail: `${spec.folder}${space ? `, ${size(space.bavail * space.bsize)} free` : ''}` };
  });
