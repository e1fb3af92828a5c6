import type { Clock } from '../../clock.ts';
import { reached } from '../../commit-point.ts';
import type { Drop, Entry, OpenDrop } from '../../drop/drop.ts';
import { asFault, Fault } from '../../fault.ts';
import { type SafeName, safeName, unsafeReason } from '../../safe-name.ts';
import type { Spool } from '../../store/spool.ts';
import type { Store } from '../../store/store.ts';
import { databaseTrouble } from '../../store/trouble.ts';
import { assertHeld, type Lease } from '../../work/leases.ts';
import { withLease } from '../../work/with-lease.ts';
import { spoolFile, type Spooled } from './accept.ts';
import { type Inbox, inOrder, isForInbox, modifiedOf, type SeenFile, stepFor } from './inbox.ts';
import {
  forgetRemoved,
  isPollDue,
  notePoll,
  rememberGone,
  rememberLook,
  rememberTaken,
  seenFiles,
} from './inbox-files.ts';
import { insertSubmission } from './submissions.ts';

export interface InboxContext {
  store: Store;
  spool: Spool;
  clock: Clock;
  openDrop: OpenDrop;
  holder: string;
}

/** What a look at an inbox has brought. */
export interface Polled {
  /** Ids of the submissions made. */
  taken: number[];
  removed: number;
}

const leaseMs = 15_000;
/** Files that are fetched before the list is asked for again. */
const atATime = 20;

/** One look, while it is under way. */
interface Look extends Polled {
  ctx: InboxContext;
  inbox: Inbox;
  drop: Drop;
  lease: Lease;
  /** Fires when the look is to end after the file in hand. */
  signal: AbortSignal;
  /** The first file that could not be had, where the others could. */
  fault: Fault | undefined;
}

/** A file as it was listed, and as it was found at the look before. */
interface Found {
  entry: Entry;
  name: SafeName;
  seen: SeenFile;
}

const listed = async ({ drop, inbox }: Look): Promise<Map<string, Entry>> => {
  const entries = (await drop.list()).filter(({ name }) => isForInbox(name, inbox.pattern));
  return new Map(entries.filter(({ name }) => unsafeReason(name) === undefined).map((entry) => [entry.name, entry]));
};

const isSame = (one: Entry, other: Entry | undefined): boolean =>
  other !== undefined && one.bytes === other.bytes && modifiedOf(one) === modifiedOf(other);

/** What passes one file over and not the whole inbox: it is gone, or may not be read. */
const ofOneFile = new Set(['missing', 'denied']);

const passOver = (look: Look, error: unknown): void => {
  if (!(error instanceof Fault) || !ofOneFile.has(error.code)) throw error;
  if (error.code !== 'missing') look.fault ??= error;
};

/** The bytes of files, in our spool. */
const fetchAll = async (look: Look, files: readonly Found[]): Promise<(Found & { spooled: Spooled })[]> => {
  const fetched: (Found & { spooled: Spooled })[] = [];
  for (const file of files) {
    if (look.signal.aborted) break;
    try {
      fetched.push({ ...file, spooled: await spoolFile(look.ctx.spool, await look.drop.fetch(file.name)) });
    } catch (error) {
      passOver(look, error);
    }
  }
  return fetched;
};

/** The submission's row and what is remembered of the file are one database transaction. */
const take = async (look: Look, { entry, name, seen, spooled }: Found & { spooled: Spooled }): Promise<void> => {
  const { ctx, inbox, lease } = look;
  const { sha256 } = spooled;
  const known = seen.sha256 === sha256 ? seen.submissionId : null;
  const id = await ctx.store.write(async (writer) => {
    await assertHeld(writer, lease);
    const about = { eventTypeId: inbox.eventTypeId, channel: 'inbox', sender: null, message: null } as const;
    const received = { ...about, fileName: name, check: false, ...spooled };
    const submissionId = known ?? (await insertSubmission(writer, received));
    await rememberTaken(writer, seen, { sha256, submissionId, entry });
    return submissionId;
  });
  if (known === null) look.taken.push(id);
  else await ctx.spool.remove(spooled.spool); // the same file with another time
  reached('in 3 taken');
};

/** What lies there later under that name is a new file, also with the same bytes and before the next look. */
const remove = async (look: Look, name: SafeName, seen: SeenFile): Promise<void> => {
  try {
    await look.drop.remove(name);
    look.removed++;
  } catch (error) {
    return passOver(look, error);
  }
  await look.ctx.store.write(async (writer) => {
    await assertHeld(writer, look.lease);
    await forgetRemoved(writer, seen);
  });
};

/** Fetches files and, where size and time are still the same after that, accepts them; what has grown meanwhile waits. */
const takeSome = async (look: Look, files: readonly Found[]): Promise<void> => {
  const { ctx, inbox } = look;
  const fetched = await fetchAll(look, files);
  if (fetched.length === 0) return;
  const now = await listed(look);
  for (const file of fetched) {
    const { entry, name, spooled } = file;
    if (look.signal.aborted || !isSame(entry, now.get(name)) || spooled.bytes !== entry.bytes) {
      await ctx.spool.remove(spooled.spool);
      continue;
    }
    await take(look, file);
    if (inbox.remove) await remove(look, name, file.seen);
  }
};

const lookThrough = async (look: Look): Promise<void> => {
  const { ctx, inbox, lease } = look;
  const entries = await listed(look);
  const seen = await seenFiles(ctx.store.read, inbox);
  const steps = inOrder([...entries.values()]).map((entry) => {
    const known = seen.get(entry.name);
    return { entry, name: safeName(entry.name), seen: known, step: stepFor(entry, known, inbox.remove) };
  });
  const fresh = steps.filter(({ step }) => step === 'remember');
  const gone = [...seen.values()].filter(({ name }) => !entries.has(name));
  await ctx.store.write(async (writer) => {
    await assertHeld(writer, lease);
    for (const { entry } of fresh) await rememberLook(writer, inbox, entry, ctx.clock.now());
    await rememberGone(writer, inbox, gone, ctx.clock.now());
  });
  for (const { name, step, seen: known } of steps)
    if (step === 'remove' && known && !look.signal.aborted) await remove(look, name, known);
  const ready = steps.flatMap(({ entry, name, seen: known, step }) =>
    step === 'take' && known ? [{ entry, name, seen: known }] : [],
  );
  for (let from = 0; from < ready.length && !look.signal.aborted; from += atATime)
    await takeSome(look, ready.slice(from, from + atATime));
  if (look.fault) throw look.fault;
};

const lookOnce = async (ctx: InboxContext, inbox: Inbox, lease: Lease, signal: AbortSignal): Promise<Polled> => {
  const drop = await ctx.openDrop(inbox.spec, signal);
  try {
    const look: Look = { ctx, inbox, drop, lease, signal, taken: [], removed: 0, fault: undefined };
    await lookThrough(look);
    return { taken: look.taken, removed: look.removed };
  } finally {
    await drop.close();
  }
};

const lookAndNote = async (ctx: InboxContext, inbox: Inbox, lease: Lease, signal: AbortSignal): Promise<Polled> => {
  const { store, clock } = ctx;
  try {
    const polled = await lookOnce(ctx, inbox, lease, signal);
    await notePoll(store, inbox, clock.now());
    return polled;
  } catch (error) {
    const fault = asFault(error, 'look at the inbox of event type', String(inbox.eventTypeId));
    // Our own database's trouble, a takeover and our own end say nothing of the inbox.
    if (!databaseTrouble(error) && fault.code !== 'claim-lost' && !signal.aborted)
      await notePoll(store, inbox, clock.now(), fault);
    throw fault;
  }
};

/**
 * Looks at an inbox when that is due, one process at a time. A file is fetched when size and time are those of the look
 * before, and accepted when they are still the same after that: once, whatever crashes, because the submission and what
 * is remembered of the file are committed together; only then is it removed, where it is to be. Throws the first Fault,
 * which is also noted for the alerts; what was accepted stays accepted.
 */
export const pollInbox = async (ctx: InboxContext, inbox: Inbox, signal: AbortSignal): Promise<Polled | 'not due'> => {
  const isDue = () => isPollDue(ctx.store.read, inbox, ctx.clock.now());
  if (!(await isDue())) return 'not due';
  const use = { leaseMs, signal };
  const held = await withLease(ctx.store, `inbox ${inbox.eventTypeId}`, ctx.holder, use, async (lease, lost) =>
    (await isDue()) ? lookAndNote(ctx, inbox, lease, lost) : 'not due',
  );
  return held.busy ? 'not due' : held.result;
};
