import type { Meaning } from './fault-table.ts';

/** Nobody could be reached. */
export const unreachable = (reason: string, hint: string): Meaning => ({
  code: 'unreachable',
  next: 'retry',
  reason,
  hint,
});
/** The connection ended in the middle. */
export const cut = (reason: string): Meaning => ({
  code: 'cut',
  next: 'retry',
  reason,
  hint: 'it is tried again; if it stays, ask who closes the connection',
});

/** What the network itself reports, whatever is spoken over it. */
export const networkErrors: Record<string, Meaning> = {
  ENOTFOUND: unreachable('the host name is not known', 'check "host"'),
  EAI_AGAIN: unreachable('the host name cannot be looked up just now', 'check the name server'),
  ECONNREFUSED: unreachable('nobody listens there', 'check "host" and "port", or whether the server is up'),
  EHOSTUNREACH: unreachable('there is no route to the host', 'check the network and the firewall'),
  ENETUNREACH: unreachable('there is no route to the network', 'check the network'),
  ETIMEDOUT: unreachable('the host does not answer', 'check the network and the firewall'),
  EADDRNOTAVAIL: unreachable('no local address is free', 'check the network of this machine'),
  EACCES: unreachable('this machine may not connect there', 'check the firewall of this machine'),
  EPERM: unreachable('this machine may not connect there', 'check the firewall of this machine'),
  ECONNRESET: cut('the server reset the connection'),
  EPIPE: cut('the server closed the connection'),
  ECONNABORTED: cut('the connection was aborted'),
  // Node's words for a socket that went away between two of our steps.
  ERR_STREAM_DESTROYED: cut('the connection ended'),
  ERR_STREAM_PREMATURE_CLOSE: cut('the connection ended'),
};
