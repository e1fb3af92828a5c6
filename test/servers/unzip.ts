import { execFileSync } from 'node:child_process';
import { at, need } from './packages.ts';

/** The reason why there is no unzip. */
export const unzipMissing = (): Promise<string | undefined> => need(['unzip'], at('/usr/bin/unzip'));

/** What Python's zipfile says of an archive, after it has checked every entry: one line of JSON. */
const script = `
import json, sys, zipfile
z = zipfile.ZipFile(sys.argv[1])
assert z.testzip() is None
print(json.dumps([[i.filename, list(i.date_time), i.file_size, i.external_attr >> 16, i.extract_version] for i in z.infolist()]))
`;

export interface Entry {
  name: string;
  /** Year, month, day, hour, minute, second, as the older field of the archive has them. */
  time: number[];
  bytes: number;
  mode: number;
  /** 45 where the entry is in ZIP64 form. */
  needs: number;
}

/** The entries of an archive as Python reads them, whole. */
export const entriesOf = (path: string): Entry[] => {
  const out = execFileSync('python3', ['-c', script, path], { encoding: 'utf8' });
  const entries = JSON.parse(out) as [string, number[], number, number, number][];
  return entries.map(([name, time, bytes, mode, needs]) => ({ name, time, bytes, mode, needs }));
};

/** The content of an archive's only entry as unzip gives it, which checks it on the way. */
export const unzipped = (path: string): Buffer => execFileSync('unzip', ['-p', path], { maxBuffer: 1 << 28 });
