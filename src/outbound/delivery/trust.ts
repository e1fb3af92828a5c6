import { isoInstant } from '../../clock.ts';
import type { DropSpec } from '../../drop/drop.ts';
import { Fault } from '../../fault.ts';
import { release } from './actions.ts';
import type { DeliveryContext } from './context.ts';
import type { DropPlan } from './delivery.ts';
import { findDeliveries } from './deliveries.ts';
import { addTrustedKey, type TrustedKey, trustedKeysOf } from './trusted-keys.ts';

/** A key as a server shows it: `ssh-ed25519` and `SHA256:…`. */
export interface Shown {
  type: string;
  fingerprint: string;
}

/** A fingerprint as OpenSSH writes it, `SHA256:` and 43 characters; undefined for anything else. */
export const readFingerprint = (text: string): string | undefined => {
  const digest = /^SHA256:([A-Za-z0-9+/]{43})=?$/.exec(text)?.[1];
  return digest === undefined ? undefined : `SHA256:${digest}`;
};

/** A drop whose server has keys that can be pinned. */
type Pinned = Exclude<DropSpec, { kind: 'folder' }>;

const refused = (name: string, reason: string, hint: string): Fault =>
  new Fault({ operation: 'trust a key of', object: name, reason, hint, next: 'refuse', code: 'no-pins' });

/** By authority instead of pins, a single certificate cannot be trusted: it would stand instead of the authority. */
const pinnedSpec = (spec: DropSpec): Pinned => {
  switch (spec.kind) {
    case 'folder':
      throw refused(spec.name, 'it is a folder, and has no key', 'nothing needs to be trusted');
    case 'sftp':
      return spec;
    case 'ftps':
      if (spec.certificates?.length) return spec;
      throw refused(
        spec.name,
        'it trusts authorities, not single certificates',
        'correct "ca", or pin the certificate: certificates: ["SHA256:…"]',
      );
    default:
      return spec satisfies never;
  }
};

const notShown = (spec: Pinned, fingerprint: string, shown: readonly Shown[]): Fault => {
  const now = shown.map((key) => `${key.fingerprint} (${key.type})`).join(', ') || 'nothing';
  return new Fault({
    operation: 'trust a key of',
    object: `${spec.name} (${spec.host}:${spec.port})`,
    reason: `the server does not show ${fingerprint}; it shows ${now}`,
    hint: 'compare it with what the partner says; only a key that is shown now can be trusted',
    next: 'hold',
    code: 'host-key',
  });
};

/** Deliveries of this drop that wait for a person because of a key. */
const heldForKey = async (ctx: Pick<DeliveryContext, 'store'>, dropName: string): Promise<number[]> =>
  (await findDeliveries(ctx.store.read, { dropName, states: ['held'] }))
    .filter(({ errorCode }) => errorCode === 'host-key' || errorCode === 'certificate')
    .map(({ id }) => id);

/**
 * From the next attempt on, every process trusts this key of the drop beside the pinned ones, at this host and port
 * only; deliveries that were held for a key are released. `shown` is what the server shows now. Resolves to the record
 * and the released deliveries. Faults: `host-key` (hold) when the server does not show it, `no-pins` (refuse).
 */
export const trust = async (
  ctx: Pick<DeliveryContext, 'store' | 'log'>,
  { spec }: Pick<DropPlan, 'spec'>,
  wanted: { fingerprint: string; shown: readonly Shown[]; by: string },
): Promise<{ key: TrustedKey; released: number[] }> => {
  const pinned = pinnedSpec(spec);
  const { fingerprint, shown, by } = wanted;
  const found = shown.find((key) => key.fingerprint === fingerprint);
  if (!found) throw notShown(pinned, fingerprint, shown);
  const { name: drop, host, port } = pinned;
  const { type } = found;
  await ctx.store.write(async (writer) => {
    await addTrustedKey(writer, { drop, host, port, fingerprint, type, by, trustedAt: await writer.now() });
  });
  const key = (await trustedKeysOf(ctx.store.read, spec)).find((each) => each.fingerprint === fingerprint);
  if (!key) throw new Error(`the key of ${drop} was not recorded`);
  const released = await heldForKey(ctx, drop);
  for (const id of released) await release(ctx.store, id);
  ctx.log?.warn({ drop, host, port, fingerprint, type, by, released }, 'a key is trusted from now on');
  return { key, released };
};

/** A newly trusted key as `--json` shows it. */
export const showTrust = ({ key, released }: { key: TrustedKey; released: number[] }) => ({
  ...{ ...key, trustedAt: isoInstant(key.trustedAt) },
  released,
});
