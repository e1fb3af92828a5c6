import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { cannotUnpack, type UnpackMeter } from './unzip.ts';

const isDamage = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && /^Z_|^ERR__ERROR/.test(String(error.code));

/**
 * What a gzip file holds, block by block; what comes out is counted. Throws Fault (refuse) `damaged-archive`,
 * `archive-too-large`, and errors of the source as they are.
 */
export async function* gunzip(bytes: AsyncIterable<Uint8Array>, meter: UnpackMeter): AsyncGenerator<Buffer> {
  try {
    const unpacked = pipeline(Readable.from(bytes), createGunzip(), () => undefined);
    for await (const chunk of unpacked as AsyncIterable<Buffer>) {
      meter(chunk);
      yield chunk;
    }
  } catch (error) {
    if (!isDamage(error)) throw error;
    throw cannotUnpack(
      'it is damaged, or no gzip file',
      'pack the file again and send it again',
      'damaged-archive',
      error,
    );
  }
}
