import type { DropOptions, DropSpec } from '../drop/drop.ts';
import type { DropPlan } from '../outbound/delivery/delivery.ts';
import { oneOf, text, whole, yesNo } from './shape.ts';
import { duration } from './values.ts';

/** How long a step at a drop may go without progress, in milliseconds. */
const stepTimeout = 30_000;

/** The kinds of drops there are. */
export const kinds = oneOf(['sftp', 'ftps', 'folder'], {
  ftp: 'plain FTP sends the password and every row readable to anyone on the way, so it is not offered',
});

/** The keys of every drop. */
export const common = {
  kind: kinds,
  unknown: oneOf(['send', 'hold']).default('hold'),
  rename: yesNo.default(true),
  partialFolder: text('/inbound/.partial').optional(),
  confirm: oneOf(['size', 'digest', 'none']).default('size'),
  replace: yesNo.default(false),
  concurrency: whole(1, 256).default(16),
  sessions: whole(1, 64).default(4),
  giveUpAfter: duration.default(72 * 3_600_000),
  watchPickup: yesNo.default(false),
  pickupWithin: duration.optional(),
};

/** What the keys of every drop say. */
export type Common = {
  unknown: 'send' | 'hold';
  giveUpAfter: number;
  watchPickup: boolean;
  pickupWithin?: number | undefined;
  rename: boolean;
  partialFolder?: string | undefined;
  confirm: 'size' | 'digest' | 'none';
  replace: boolean;
  concurrency: number;
  sessions: number;
};

/** The plan around a spec. */
export const plan = (
  spec: DropSpec,
  { unknown, giveUpAfter, watchPickup, pickupWithin, sessions }: Common,
): DropPlan => ({
  spec,
  unknown,
  giveUpAfter,
  watchPickup,
  sessions,
  ...(pickupWithin === undefined ? {} : { pickupWithin }),
});

export const withoutSlash = (folder: string): string => folder.replace(/(.)\/+$/, '$1');

/** What a spec of any kind takes from them. */
export const options = ({ concurrency, replace, rename, partialFolder, confirm }: Common): DropOptions => ({
  concurrency,
  stepTimeout,
  replace,
  rename,
  confirm,
  ...(partialFolder === undefined ? {} : { partialFolder: withoutSlash(partialFolder) }),
});
