import type { TestContext } from 'vitest';

/** One cell of the conformance matrix in `src/drop/README.md`: what a test saw of a server. */
export interface Finding {
  server: string;
  /** What the server is like, or is told to be like. */
  variant: string;
  outcome: string;
}

declare module 'vitest' {
  interface TaskMeta {
    finding?: Finding;
  }
}

/** The servers of the matrix, in its order. */
export const servers = ['OpenSSH', 'ProFTPD mod_sftp', 'vsftpd', 'ProFTPD mod_tls', 'Pure-FTPd'] as const;

export type Server = (typeof servers)[number];

/** Told by a test that has seen it; counts when the test passes. */
export const found = (context: TestContext, server: Server, variant: string, outcome: string): void => {
  context.task.meta.finding = { server, variant, outcome };
};
