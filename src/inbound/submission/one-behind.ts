/** Work that is done one piece after another, each while its caller prepares the next. */
export interface OneBehind<T> {
  /** Starts a piece when the one before is done; throws what that one threw. */
  push(piece: T): Promise<void>;
  /** Waits for the last piece; throws what it threw. */
  done(): Promise<void>;
  /** Waits for the last piece, whatever became of it. */
  settled(): Promise<void>;
}

export const oneBehind = <T>(work: (piece: T) => Promise<void>): OneBehind<T> => {
  let last: Promise<void> = Promise.resolve();
  const done = (): Promise<void> => last;
  const push = async (piece: T): Promise<void> => {
    await last;
    last = work(piece);
    last.catch(() => undefined); // whoever waits next gets it
  };
  return { push, done, settled: () => last.catch(() => undefined) };
};
