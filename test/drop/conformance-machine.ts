import { once } from 'node:events';
import { createServer } from 'node:net';
import { canFold } from '../servers/disk.ts';

const hasIpv6 = async (): Promise<boolean> => {
  const server = createServer();
  server.listen(0, '::1');
  try {
    await once(server, 'listening');
    server.close();
    return true;
  } catch {
    return false;
  }
};

/**
 * Which variants of the matrix this machine can try. Some containers have no IPv6, or may not mount a file system that
 * folds case; what is left out is said, and the matrix is compared without it.
 */
export const canBeHere = async (): Promise<(variant: string) => boolean> => {
  const [ipv6, folding] = [await hasIpv6(), await canFold()];
  if (!ipv6) console.warn('this machine has no IPv6: servers on IPv6 only are not tried');
  if (!folding) console.warn('this machine mounts no exFAT: servers that fold case are not tried');
  return (variant) => (ipv6 || !variant.includes('IPv6 only')) && (folding || !variant.includes('(exFAT)'));
};
