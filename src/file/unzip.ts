import { crc32 } from 'node:zlib';
import { type Entry, getFileNameLowLevel, openPromise, type ZipFile } from 'yauzl';
import { Fault } from '../fault.ts';

/** Counts what comes out of archives; throws Fault (refuse) `archive-too-large`. */
export type UnpackMeter = (chunk: Buffer) => void;

/** One entry of an archive; `content` is read, or left, before the next is asked for. */
export interface PackedFile {
  /** Its path as the archive gives it; it may hold anything. */
  path: string;
  content: () => AsyncIterable<Buffer>;
}

export const cannotUnpack = (reason: string, hint: string, code: string, cause?: unknown): Fault =>
  new Fault({ operation: 'unpack', object: 'the archive', reason, hint, next: 'refuse', code, cause });

const damaged = (cause?: unknown): Fault =>
  cannotUnpack('it is damaged', 'pack the file again and send it again', 'damaged-archive', cause);

/** A meter for all archives of one mail: at most so many bytes come out of them. */
export const unpackMeter = (most: number): UnpackMeter => {
  let bytes = 0;
  return (chunk) => {
    bytes += chunk.length;
    if (bytes > most)
      throw cannotUnpack(
        `more than ${Math.round(most / 1_000_000)} MB come out of it`,
        'send less in one file',
        'archive-too-large',
      );
  };
};

const refuseEncrypted = (entry: Entry): void => {
  if (entry.isEncrypted()) throw cannotUnpack('it is encrypted', 'pack it without a password', 'encrypted-archive');
};

const pathOf = ({ generalPurposeBitFlag, fileNameRaw, extraFields }: Entry): string =>
  getFileNameLowLevel(generalPurposeBitFlag, fileNameRaw, extraFields, true);

const openStream = (archive: ZipFile, entry: Entry) =>
  new Promise<AsyncIterable<Buffer>>((resolve, reject) => {
    archive.openReadStream(entry, (error, stream) => (error ? reject(error) : resolve(stream)));
  });

/** The bytes of an entry, counted and checked against its own sum. */
async function* contentOf(archive: ZipFile, entry: Entry, meter: UnpackMeter): AsyncGenerator<Buffer> {
  refuseEncrypted(entry);
  if (!entry.canDecodeFileData())
    throw cannotUnpack('it is packed in a way that is not read', 'pack it as an ordinary zip', 'unknown-packing');
  let sum = 0;
  for await (const chunk of await openStream(archive, entry)) {
    meter(chunk);
    sum = crc32(chunk, sum);
    yield chunk;
  }
  if (sum !== entry.crc32) throw damaged();
}

const own = (error: unknown): unknown =>
  error instanceof Fault || (error instanceof Error && 'syscall' in error) ? error : damaged(error);

/**
 * The files of a zip archive on disk, one after another. Nothing it says of sizes is believed: what comes out is counted.
 * Throws Fault (refuse) `damaged-archive`, `encrypted-archive`, `archive-too-large`, `too-many-entries`,
 * `unknown-packing`; system errors of the disk as they are.
 */
export async function* readZip(
  path: string,
  { meter, entries }: { meter: UnpackMeter; entries: number },
): AsyncGenerator<PackedFile> {
  let count = 0;
  try {
    // Without strings yauzl judges no names: they are only text here, and who uses them judges.
    const archive = await openPromise(path, { decodeStrings: false });
    for await (const entry of archive.eachEntry()) {
      if (++count > entries)
        throw cannotUnpack(`it has more than ${entries} files`, 'send less in one file', 'too-many-entries');
      yield { path: pathOf(entry), content: () => contentOf(archive, entry, meter) };
    }
  } catch (error) {
    throw own(error);
  }
}
