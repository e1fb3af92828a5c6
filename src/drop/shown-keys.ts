import type { DropSpec } from './drop.ts';
import type { ShownKey } from './sftp/host-key.ts';

/**
 * What a server shows of itself now, without anybody signing in: its host keys, one of each kind, or its certificate.
 * A folder shows nothing. Faults: those of making a connection.
 */
export const shownKeysOf = async (spec: DropSpec): Promise<ShownKey[]> => {
  switch (spec.kind) {
    case 'folder':
      return [];
    case 'sftp':
      return (await import('./sftp/open.ts')).hostKeysOf(spec);
    case 'ftps': {
      const { certificateOf } = await import('./ftps/open.ts');
      return [{ type: 'certificate', fingerprint: (await certificateOf(spec)).fingerprint }];
    }
    default:
      return spec satisfies never;
  }
};
