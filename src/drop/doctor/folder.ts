import { statfs } from 'node:fs/promises';
import type { FolderSpec } from '../drop.ts';
import { openFolder } from '../folder.ts';
import type { MovingDrop } from '../put.ts';
import type { Exam } from './exam.ts';
import { Halt } from './run.ts';
import { size } from './text.ts';

/** The folder of a folder drop, as a delivery opens it. */
export const openFolderDrop = async (exam: Exam, spec: FolderSpec): Promise<MovingDrop> => {
  let drop: MovingDrop | undefined;
  await exam.run.must('folder', async () => {
    drop = await openFolder(spec);
    const space = await statfs(spec.folder).catch(() => undefined);
    return { detail: `${spec.folder}${space ? `, ${size(space.bavail * space.bsize)} free` : ''}` };
  });
  if (!drop) throw new Halt('folder');
  return drop;
};
