import { Readable } from 'node:stream';
import type { SafeName } from '../../safe-name.ts';
import { placeOf, type Entry, type FtpsSpec } from '../drop.ts';
import { cut } from '../network-faults.ts';
import { faultOf } from '../fault-table.ts';
import { listFolder } from './list.ts';
import type { Link } from './link.ts';
import { look, lookWithTime } from './look.ts';
import { onFile, onFolder, pathOf, type Place } from './place.ts';
import { remove, rename } from './rename.ts';
import { openTransfer, received } from './transfer.ts';
import { upload } from './upload.ts';
import { putFile, type Moves, type MovingDrop } from '../put.ts';

const list = async ({ link, spec }: Place): Promise<Entry[]> => {
  const { entries } = await listFolder(link, onFolder(spec, 'list'));
  return entries
    .filter((entry) => !entry.isDirectory)
    .map(({ name, size, modifiedAt }) => ({
      name,
      bytes: size,
      ...(modifiedAt && { modifiedAt: modifiedAt.getTime() }),
    }));
};

/** The bytes that come, and a fault when they are not as many as the server said: TLS does not always tell an early end. */
async function* whole(bytes: AsyncGenerator<Buffer>, expected: number | undefined, early: (count: number) => Error) {
  let count = 0;
  for await (const chunk of bytes) {
    count += chunk.length;
    yield chunk;
  }
  if (expected !== undefined && count < expected) throw early(count);
}

const fetch = async (at: Place, name: SafeName): Promise<Readable> => {
  const { link, path, step } = at;
  const fetching = step('fetch', name);
  const expected = await link.ask(fetching, 'SIZE', path(name)).then(
    ({ message }) => Number(/^213[ -]\s*(\d{1,15})\b/.exec(message)?.[1] ?? NaN),
    () => NaN,
  );
  const transfer = await openTransfer(link, fetching, 'RETR', path(name));
  const early = (count: number) =>
    faultOf(cut(`it ended after ${count} of ${expected} bytes`), fetching, '', undefined);
  const bytes = whole(received(link, fetching, transfer), Number.isNaN(expected) ? undefined : expected, early);
  return Readable.from(bytes, { objectMode: false });
};

/** The drop behind a signed-in connection; `again` opens a further one, `close` ends the one it is given. */
export const makeFtpsDrop = (
  spec: FtpsSpec,
  link: Link,
  again: () => Promise<Link>,
  close: (link: Link) => Promise<void>,
): MovingDrop => {
  const at: Place = {
    spec,
    link,
    again,
    learned: link.learned,
    path: (name) => pathOf(spec, at.link.home, name),
    step: (operation, name) => onFile(spec, operation, name),
  };
  const moves: Moves = {
    label: spec.name,
    overwrites: true,
    look: (name, most) => look(at, name, most),
    upload: (file, progress) => upload(at, file, progress),
    rename: (file) => rename(at, file),
    remove: (name) => remove(at, name),
    fetch: (name) => fetch(at, name),
  };
  return {
    place: placeOf(spec),
    learned: link.learned,
    moves,
    put: (file, steps) => putFile(moves, file, steps, spec),
    list: () => list(at),
    look: (name, most) => lookWithTime(at, name, most),
    fetch: moves.fetch ?? ((name) => fetch(at, name)),
    remove: moves.remove,
    close: () => close(at.link),
  };
};
