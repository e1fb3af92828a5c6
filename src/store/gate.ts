/** Lets one at a time through, in order of arrival. */
export type Gate = <T>(pass: () => Promise<T>) => Promise<T>;

/** SQLite has one writer: whoever wants to write waits here, not inside SQLite's busy handler, which blocks the thread. */
export const makeGate = (): Gate => {
  let last: Promise<unknown> = Promise.resolve();
  return (pass) => {
    const mine = last.then(pass, pass);
    last = mine.catch(() => undefined);
    return mine;
  };
};
