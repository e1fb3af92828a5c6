import type { Clock } from '../clock.ts';
import type { EventType } from '../ledger/event-type.ts';
import type { Log } from '../log.ts';
import type { Channel, Relay } from '../notify/channel.ts';
import type { DeliveryContext } from '../outbound/delivery/context.ts';
import type { DropSpec } from '../drop/drop.ts';
import type { DropPlan } from '../outbound/delivery/delivery.ts';
import type { Shown } from '../outbound/delivery/trust.ts';
import type { FeedContext } from '../outbound/feed/context.ts';
import type { Feed } from '../outbound/feed/feed.ts';

/** How files for an event type come in by mail. */
export interface Intake {
  /** Local parts; one with `until` (YYYY-MM-DD) is taken up to the end of that day in the event type's zone. */
  addresses: readonly { local: string; until?: string }[];
  senders: readonly string[];
  authentication: 'off' | 'record' | 'require';
  reply: 'none' | 'summary' | 'result';
}

/** What of the configuration the web works with. A reload changes it for the next request. */
export interface WebSettings {
  partners: readonly { name: string; drops: readonly string[] }[];
  /** Of all partners, retired ones too. */
  feeds: readonly Feed[];
  drops: Map<string, DropPlan>;
  eventTypes: ReadonlyMap<number, EventType>;
  /** By event type. */
  intakes: ReadonlyMap<number, Intake>;
  /** What stands behind the @ of every address; undefined where no mail is taken. */
  mailDomain: string | undefined;
  /** The address that people know the service by, `https://…` without a path; undefined when none is configured. */
  url: string | undefined;
  /** What a link to us begins with: `url`, or the address on which we listen. */
  base: string;
  /** Proxies whose X-Forwarded-For is believed. */
  proxies: readonly string[];
  /** Takes mail of ours: sign-in links. */
  relay: Relay | undefined;
  /** Who is told of alerts. */
  channels: readonly Channel[];
  /** Bytes of one uploaded file. */
  maxUpload: number;
}

/** What the web works with. */
export interface WebContext extends FeedContext, Omit<DeliveryContext, 'drops'> {
  clock: Clock;
  log: Log;
  version: string;
  settings(): WebSettings;
  /** A drop's section as it stands in the configuration: plain data, secrets as their sources. */
  dropSection(name: string): Readonly<Record<string, unknown>>;
  /** The keys that a drop's server shows now, without signing in. */
  shownKeys(spec: DropSpec): Promise<readonly Shown[]>;
  /** What is done by one at a time (`alone.ts`). */
  underWay: Set<string>;
}

/** The context of the delivery room, with the drops of this moment. */
export const deliveryContext = (ctx: WebContext): DeliveryContext => ({ ...ctx, drops: ctx.settings().drops });

/** The partner of a feed; undefined for a feed that is not configured. */
export const partnerOf = (ctx: WebContext, feed: string): string | undefined =>
  ctx.settings().feeds.find(({ name }) => name === feed)?.partner;
