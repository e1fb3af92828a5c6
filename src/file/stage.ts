/**
 * A step that the bytes of a file pass on their way to the disk: compression, encryption. Reads no faster than it is
 * read from, keeps no more than a few blocks, and passes an error of its source on to its reader.
 */
export type Stage = (bytes: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>;
