import type { Replying } from '../src/inbound/mail/send-replies.ts';
import type { Inbox } from '../src/inbound/submission/inbox.ts';
import type { EventType } from '../src/ledger/event-type.ts';
import type { Log } from '../src/log.ts';
import type { Channel } from '../src/notify/channel.ts';
import type { DeliveryContext } from '../src/outbound/delivery/context.ts';
import type { FeedContext } from '../src/outbound/feed/context.ts';
import type { Feed } from '../src/outbound/feed/feed.ts';

/** What a job works with. It is also the context of the feed room and of the delivery room. */
export interface JobContext extends FeedContext, DeliveryContext {
  /** Of all partners, retired ones too. As of this wake-up: a reload changes them for the next. */
  feeds: readonly Feed[];
  /** How long the bytes of delivered batches are kept, milliseconds. */
  keepBatchFiles: number;
  /** By id; as of this wake-up too. */
  eventTypes: ReadonlyMap<number, EventType>;
  /** Where files of event types are fetched from; by event type. */
  inboxes: ReadonlyMap<number, Inbox>;
  /** How long the files of finished submissions are kept, milliseconds. */
  keepSubmissions: number;
  /** How long raw mails and the lines of refused mail are kept, milliseconds. */
  keepMessages: number;
  /** Who is told of alerts. */
  channels: readonly Channel[];
  /** How long after its due time a file is late, milliseconds. */
  late: number;
  /** What mails are answered with, and by which relay; none without `mail.relay`. */
  replying?: Replying | undefined;
  log: Log;
  /** Fires when the process is about to end: nothing new is begun, what is under way may finish. */
  ending: AbortSignal;
  /** Fires `graceMs` later: what is still under way stops where it is safe. */
  abandon: AbortSignal;
  graceMs: number;
}

/** Something that the clock can start. */
export interface Job {
  name: string;
  /** `schedule` makes batches; `work` brings them to their drops and keeps house (`serve --only`). */
  part: 'schedule' | 'work';
  /** How often it wakes, 1 to 30. A wake-up that finds nothing to do costs a query. */
  seconds: number;
  /** Wake-ups of one job never overlap. May throw: the caller logs it once and wakes it again. */
  run(context: JobContext): Promise<void>;
  /** Resolves when nothing that `run` started is under way any more. */
  idle?(): Promise<void>;
}
