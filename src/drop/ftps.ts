import type { Drop, FtpsSpec, Learned } from './drop.ts';

/** Signs in over FTP with TLS and finds the folder. */
export const openFtps = (spec: FtpsSpec, _signal?: AbortSignal, _known?: Readonly<Learned>): Promise<Drop> =>
  Promise.reject(new Error(`${spec.name}: FTPS is being built`));
