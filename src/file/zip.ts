import { Readable } from 'node:stream';
import { ZipFile } from 'yazl';
import type { Stage } from './stage.ts';

/** The one entry of an archive. */
export interface ZipEntry {
  /** The name of the file inside. */
  name: string;
  /** Its time, milliseconds. It is written in UTC, whatever the zone of this process. */
  time: number;
}

/** yazl writes the older of a zip's two times from a Date's local getters; here these answer in UTC, so that no zone changes the bytes. */
class UtcDate extends Date {
  override getFullYear(): number {
    return this.getUTCFullYear();
  }
  override getMonth(): number {
    return this.getUTCMonth();
  }
  override getDate(): number {
    return this.getUTCDate();
  }
  override getHours(): number {
    return this.getUTCHours();
  }
  override getMinutes(): number {
    return this.getUTCMinutes();
  }
  override getSeconds(): number {
    return this.getUTCSeconds();
  }
}

/** Packs as a zip archive of one entry; ZIP64 where a size needs it. The same bytes, name and time give the same archive. */
export const zip =
  ({ name, time }: ZipEntry): Stage =>
  (bytes) => {
    const archive = new ZipFile();
    const source = Readable.from(bytes);
    const packed = archive.outputStream as Readable;
    archive.addReadStream(source, name, { mtime: new UtcDate(time), mode: 0o100644, compressionLevel: 6 });
    archive.end();
    source.on('error', (error) => packed.destroy(error));
    // yazl forwards no errors: who stops reading must end the source too.
    packed.on('close', () => source.destroy());
    return packed;
  };
