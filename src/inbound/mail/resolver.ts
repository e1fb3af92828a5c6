import { Resolver as SystemResolver } from 'node:dns/promises';

/** Asks name servers; rejects with an error whose `code` is Node's (`ENOTFOUND`, `ENODATA`, `ESERVFAIL`, `ETIMEOUT` …). */
export type Resolver = (name: string, type: string) => Promise<string[] | string[][]>;

/** A server may lose a question or two; each try waits twice as long as the one before. */
const triesEach = 3;
const tryMs = 1500;

/** The name servers of the system, or these (`ADDRESS` or `ADDRESS:PORT`). */
export const openResolver = (servers: readonly string[] = []): Resolver => {
  const resolver = new SystemResolver({ timeout: tryMs, tries: triesEach });
  if (servers.length > 0) resolver.setServers([...servers]);
  return (name, type) => resolver.resolve(name, type) as Promise<string[] | string[][]>;
};

const timedOut = (): Error => Object.assign(new Error('no answer in time'), { code: 'ETIMEOUT' });

/**
 * The same with an end: once questions were open for `ms` in all, the open ones and all that follow are answered with
 * `ETIMEOUT`. Time in which nothing is asked does not count: hashing a large mail is no fault of a name server.
 */
export const within = (ms: number, resolver: Resolver): Resolver => {
  const open = new Set<() => void>();
  let left = ms;
  let since = 0;
  let timer: NodeJS.Timeout | undefined;
  const onLate = (): void => {
    left = 0;
    for (const giveUp of open) giveUp();
  };
  const begin = (giveUp: () => void): void => {
    if (open.size === 0) [since, timer] = [performance.now(), setTimeout(onLate, left)];
    open.add(giveUp);
  };
  const end = (giveUp: () => void): void => {
    open.delete(giveUp);
    if (open.size > 0) return;
    clearTimeout(timer);
    left = Math.max(0, left - (performance.now() - since));
  };
  return (name, type) =>
    new Promise((resolve, reject) => {
      const giveUp = (): void => reject(timedOut());
      if (left === 0) return giveUp();
      begin(giveUp);
      void resolver(name, type)
        .then(resolve, reject)
        .finally(() => end(giveUp));
    });
};
