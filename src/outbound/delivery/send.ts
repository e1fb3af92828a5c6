import { reached } from '../../commit-point.ts';
import { DropFault, type Drop, type PutSteps } from '../../drop/drop.ts';
import type { Digest } from '../../drop/digest.ts';
import { Fault } from '../../fault.ts';
import { safeName } from '../../safe-name.ts';
import { type Claimed, record } from './claims.ts';
import type { DeliveryContext } from './context.ts';
import type { DropPlan, Parcel, Receipt } from './delivery.ts';
import { lookFor, readBack } from './look.ts';
import { spoolDamaged } from './parcels.ts';
import { partialName } from './partial-name.ts';
import { type Hold, markerThere, meet, type OpenRename, recover, type Verdict } from './recover.ts';

/** One file on its way over one connection. */
export interface Sending {
  ctx: DeliveryContext;
  plan: DropPlan;
  claimed: Claimed;
  drop: Drop;
  parcel: Parcel;
  /** Whether a rename of this file was ever sent before. */
  sent: boolean;
  /** The delivery was delivered before and is resent: what lies there with our size was put there by us. */
  resent: boolean;
  open?: OpenRename;
  /** What lies under its final name was begun by an earlier straight write of ours. */
  begun: boolean;
  /** The batch's marker, where it has one. */
  marker?: Parcel;
  /** Of the spooled bytes, where it was begun before the connection. */
  digest?: Digest;
}

/** The fault of a verdict that asks for a person. */
export const onHold = (fileName: string, dropName: string, { reason, hint, code }: Hold): Fault =>
  new Fault({ operation: 'deliver', object: `${fileName} to ${dropName}`, reason, hint, next: 'hold', code });

/**
 * Commit point 5 for one file: looks what earlier attempts left, uploads it unless it is there already, and resolves to
 * how it was confirmed. Faults: those of the drop, `taken`, `unknown-outcome`, `spool-damaged`, `claim-lost`.
 */
export const sendParcel = async (sending: Sending): Promise<Receipt> => {
  const verdict = await judge(sending);
  switch (verdict.do) {
    case 'delivered':
      return verdict.seen;
    case 'hold':
      throw onHold(sending.parcel.fileName, sending.plan.spec.name, verdict);
    case 'upload':
      return upload(sending);
    default:
      return verdict satisfies never;
  }
};

const mayBeBlind = ({ spec }: DropPlan): boolean => spec.confirm === 'none';

/** Without an open rename, `put` itself looks first and refuses a name that exists; a look of our own would only cost time. */
const judge = async ({ drop, parcel, plan, open, sent, resent, begun }: Sending): Promise<Verdict> => {
  if (!open && (begun || !plan.spec.replace)) return { do: 'upload' };
  const sight = await lookFor(drop, parcel, open?.partialName, mayBeBlind(plan));
  if (open) return recover(open, sight, parcel, { place: drop.place, unknown: plan.unknown });
  return meet(sight, parcel, { sent: sent || resent, replace: true });
};

const upload = async (sending: Sending): Promise<Receipt> => {
  const { ctx, claimed, drop, parcel, plan, begun, digest } = sending;
  const name = safeName(parcel.fileName);
  const straight = plan.spec.rename === false;
  if (straight) await withdrawMarker(sending);
  const partial = straight ? name : partialName(name, claimed.number);
  await record(ctx.store, claimed, 'uploading', { fileName: parcel.fileName, partialName: partial });
  reached('5 uploading');
  const { bytes, sha256 } = parcel;
  const file = {
    name,
    partial,
    path: ctx.spool.pathOf(parcel.spool),
    bytes,
    sha256,
    begun: straight && begun,
    ...(digest && { digest }),
  };
  try {
    const seen = await drop.put(file, stepsOf(sending));
    if (seen !== 'no') return await proof(sending, seen);
    return straight ? goneOnceWritten(sending) : await alreadyGone(sending, partial);
  } catch (error) {
    if (!(error instanceof DropFault)) throw error;
    if (error.code === 'local') throw spoolDamaged(parcel, error.reason, error);
    if (error.code !== 'taken') throw error;
    return ratherOurs(sending, error);
  }
};

/**
 * Before a straight write its marker must not lie there, or the partner would take a part of the file. After a delivery,
 * or where we may replace, it is ours to take back; otherwise a person must look.
 */
const withdrawMarker = async ({ claimed, drop, parcel, plan, marker }: Sending): Promise<void> => {
  if (!marker || parcel.marker) return;
  const { final, blind } = await lookFor(drop, marker, undefined, mayBeBlind(plan));
  // Where nobody may look, the marker of a delivery that went through must be thought to be there.
  if (!final && !(blind && claimed.delivery.deliveredAt !== null)) return;
  if (!plan.spec.replace && claimed.delivery.deliveredAt === null)
    throw onHold(marker.fileName, plan.spec.name, markerThere);
  await drop.remove(safeName(marker.fileName));
};

const stepsOf = ({ ctx, claimed, parcel }: Sending): PutSteps => ({
  uploaded: () => reached('5 uploaded'),
  // 5. Awaited before the rename, and refused when another has taken over: then nothing is renamed.
  renaming: async () => {
    await record(ctx.store, claimed, 'renaming');
    reached('5 renaming recorded');
  },
  // 5. The answer is recorded before the look, so that a partner who is faster than that look gets nothing twice.
  renamed: async () => {
    reached('5 renamed');
    await record(ctx.store, claimed, 'renamed');
  },
  progress: (bytes) => ctx.progress?.(claimed.delivery, parcel.fileName, bytes, parcel.bytes),
});

/** Gone after a yes: the partner took it, unless it still lies under its partial name and the yes was not true. */
const alreadyGone = async ({ drop, parcel, plan }: Sending, partial: string): Promise<Receipt> => {
  if (!(await drop.look(safeName(partial)))) return 'no';
  throw new DropFault({
    operation: 'rename',
    object: `${parcel.fileName} at ${plan.spec.name}`,
    reason: 'the server said yes, but the file still has its partial name',
    hint: 'the server does not rename as it says; ask the partner',
    next: 'retry',
    code: 'refused',
  });
};

/** A marker that is gone once it was written was taken. Anything else is not taken before its marker: it was not kept. */
const goneOnceWritten = ({ parcel, plan }: Sending): Receipt => {
  if (parcel.marker) return 'no';
  throw new DropFault({
    operation: 'look at',
    object: `${parcel.fileName} at ${plan.spec.name}`,
    reason: 'every byte was accepted, and then the file is not there',
    hint: 'ask the partner what becomes of files there; if they are taken away at once, set "confirm: none"',
    next: 'retry',
    code: 'size',
  });
};

/** Reading back costs nothing worth mentioning in a folder; elsewhere what `put` has seen must do. */
const proof = async ({ drop, parcel, plan }: Sending, seen: Receipt): Promise<Receipt> => {
  if (plan.spec.kind !== 'folder' || seen !== 'size') return seen;
  const found = await readBack(drop, parcel.fileName, parcel.bytes);
  if (found === undefined || found === parcel.sha256) return found === undefined ? 'size' : 'digest';
  throw new Fault({
    operation: 'read back',
    object: `${parcel.fileName} at ${plan.spec.name}`,
    reason: 'its bytes are not those that were written',
    hint: 'somebody changed the file, or the disk is damaged; look at both, then release or settle the delivery',
    next: 'hold',
    code: 'taken',
  });
};

/** The name exists: by a late rename of an earlier attempt, by our own hand long ago, or it is somebody else's. */
const ratherOurs = async (sending: Sending, taken: DropFault): Promise<Receipt> => {
  const { drop, parcel, plan, sent, resent } = sending;
  const sight = await lookFor(drop, parcel);
  const late: OpenRename = { phase: 'renaming', place: drop.place, partialName: '' };
  const verdict = sent
    ? recover(late, sight, parcel, { place: drop.place, unknown: plan.unknown })
    : meet(sight, parcel, { sent: resent, replace: false });
  switch (verdict.do) {
    case 'delivered':
      return verdict.seen;
    case 'hold':
      throw verdict.code === 'taken' ? taken : onHold(sending.parcel.fileName, sending.plan.spec.name, verdict);
    case 'upload':
      throw goneAgain(sending, taken);
    default:
      return verdict satisfies never;
  }
};

const goneAgain = ({ parcel, plan }: Sending, taken: DropFault): DropFault =>
  new DropFault({
    operation: 'put',
    object: `${parcel.fileName} at ${plan.spec.name}`,
    reason: 'a file of that name was there and is gone again',
    hint: 'it is tried again',
    next: 'retry',
    code: 'taken',
    cause: taken,
  });
