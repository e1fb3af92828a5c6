import { setFlagsFromString } from 'node:v8';

/**
 * Buffers that are done with are freed on the thread that used them, not handed to another one: an upload takes and gives
 * back a buffer for each packet, and both cores are busy. 200 MB over SFTP take a sixth less time (`npm run bench sftp`).
 */
export const tuneEngine = (): void => setFlagsFromString('--no-concurrent-array-buffer-sweeping');
