import type { SFTPWrapper } from 'ssh2';
import type { Source } from '../source.ts';

export interface WriteWindow {
  /** Writes in flight. */
  concurrency: number;
  /** Bytes per write. */
  chunkBytes: number;
  /** Told the bytes the server has taken so far. */
  taken(bytes: number): void;
  /** Called before each write: what is sent in one go shall leave in one go. */
  gather(): void;
  /** Whether to give up: the connection is gone. */
  stopped(): boolean;
}

/**
 * Writes a source into an open file with many writes in flight, so that the round trip is paid once and not per chunk.
 * Resolves when the server has said yes to every write. After a refusal nothing more is sent, the answers still out are
 * awaited, and the first refusal is thrown: the file's bytes are then undefined and it must be begun anew.
 */
export const writeAll = async (
  sftp: SFTPWrapper,
  handle: Buffer,
  source: Source,
  window: WriteWindow,
): Promise<void> => {
  const buffer = Buffer.allocUnsafe(window.chunkBytes);
  let position = 0;
  let taken = 0;
  let inFlight = 0;
  let refusal: Error | undefined;
  let answered: (() => void) | undefined;
  const anAnswer = () => new Promise<void>((resolve) => (answered = resolve));
  const send = (bytes: Buffer) => {
    inFlight++;
    // ssh2 copies the bytes into its packet before it returns, so that one buffer is enough.
    window.gather();
    sftp.write(handle, bytes, 0, bytes.length, position, (error) => {
      inFlight--;
      if (error) refusal ??= error;
      else window.taken((taken += bytes.length));
      answered?.();
    });
    position += bytes.length;
  };
  while (refusal === undefined && !window.stopped()) {
    if (inFlight >= window.concurrency) {
      await anAnswer();
      continue;
    }
    const bytes = await source.read(buffer);
    if (bytes.length === 0) break;
    if (refusal === undefined) send(bytes);
  }
  while (inFlight > 0 && !window.stopped()) await anAnswer();
  if (refusal !== undefined) throw refusal;
};
