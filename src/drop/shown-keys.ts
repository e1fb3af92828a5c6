import type { DropSpec } from './drop.ts';
import { certificateOf } from './ftps/open.ts';
import type { ShownKey } from './sftp/host-key.ts';
import { hostKeysOf } from './sftp/open.ts';

/**
 * What a server shows of itself now, without anybody signing in: its host keys, one of each kind, or its certificate.
 * A folder shows nothing. Faults: those of making a connection.
 */
export const shownKeysOf = async (spec: DropSpec): Promise<ShownKey[]> => {
  switch (spec.kind) {
    case 'folder':
      return [];
    case 'sftp':
      return hostKeysOf(spec);
    case 'ftps':
      return [{ type: 'certificate', fingerprint: (await certificateOf(spec)).fingerprint }];
    default:
      return spec satisfies never;
  }
};
