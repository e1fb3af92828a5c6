import { Fault } from './fault.ts';

/** Where somebody wanted to listen, what for, and the setting that says so. */
export interface Listening {
  host: string;
  port: number;
  /** As an error begins: `listen for mail on`. */
  purpose: string;
  /** `web.listen` */
  setting: string;
}

const reasons: Record<string, string> = {
  EADDRINUSE: 'the port is in use by another program',
  EACCES: 'this user may not use the port',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'the host name is not known',
};

/** The fault (hold) `port-in-use` or `cannot-listen` for what the system answered. */
export const cannotListen = ({ host, port, purpose, setting }: Listening, cause: unknown): Fault => {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  return new Fault({
    operation: purpose,
    object: `${host}:${port}`,
    reason: reasons[code] ?? String(cause),
    hint: `end the other program, or set ${setting} in nightdrop.yaml to another address`,
    next: 'hold',
    code: code === 'EADDRINUSE' ? 'port-in-use' : 'cannot-listen',
    cause,
  });
};
