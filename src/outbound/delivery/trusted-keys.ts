import type { Knex } from 'knex';
import type { DropSpec } from '../../drop/drop.ts';
import { int, type Writer } from '../../store/store.ts';
import type { Row } from './deliveries.ts';

/** A key that a person has come to trust since the configuration was written. `trustedAt` in milliseconds. */
export interface TrustedKey {
  drop: string;
  host: string;
  port: number;
  /** `SHA256:…` */
  fingerprint: string;
  /** `ssh-ed25519`, …; `certificate` for FTPS. */
  type: string;
  trustedAt: number;
  /** User of the operating system, or who asked over HTTP. */
  by: string;
}

const toKey = (row: Row): TrustedKey => ({
  drop: String(row['drop_name']),
  host: String(row['host']),
  port: int(row['port']),
  fingerprint: String(row['fingerprint']),
  type: String(row['type']),
  trustedAt: int(row['trusted_at']),
  by: String(row['trusted_by']),
});

/** Those of this drop where it now is: another host or port inherits nothing. */
export const trustedKeysOf = async (db: Knex, spec: DropSpec): Promise<TrustedKey[]> => {
  if (spec.kind === 'folder') return [];
  const { name, host, port } = spec;
  return ((await db('trusted_keys').where({ drop_name: name, host, port }).orderBy('id')) as Row[]).map(toKey);
};

/** Records it; a key that is trusted already keeps its date. */
export const addTrustedKey = async ({ knex }: Writer, key: TrustedKey): Promise<void> => {
  const { drop, trustedAt, by, ...rest } = key;
  const row = { ...rest, drop_name: drop, trusted_at: trustedAt, trusted_by: by };
  await knex('trusted_keys').insert(row).onConflict(['drop_name', 'host', 'port', 'fingerprint']).ignore();
};

/**
 * The spec with the keys trusted since beside the pinned ones. A drop without pins (FTPS by authority) gets none: there
 * a pin would stand instead of the authority.
 */
export const withTrusted = (spec: DropSpec, keys: readonly Pick<TrustedKey, 'fingerprint'>[]): DropSpec => {
  const added = keys.map(({ fingerprint }) => fingerprint);
  if (added.length === 0) return spec;
  switch (spec.kind) {
    case 'folder':
      return spec;
    case 'sftp':
      return { ...spec, hostKeys: [...new Set([...spec.hostKeys, ...added])] };
    case 'ftps':
      return spec.certificates?.length
        ? { ...spec, certificates: [...new Set([...spec.certificates, ...added])] }
        : spec;
    default:
      return spec satisfies never;
  }
};
