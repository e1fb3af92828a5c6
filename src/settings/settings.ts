import type { Inbox } from '../inbound/submission/inbox.ts';
import type { EventType } from '../ledger/event-type.ts';
import type { DropPlan } from '../outbound/delivery/delivery.ts';
import type { Relay } from '../notify/channel.ts';
import type { Feed } from '../outbound/feed/feed.ts';
import type { Secret } from '../secret.ts';
import type { Listen } from './values.ts';

/** Who is told about trouble: a program or a person. */
export type AlertTarget = { webhook: Secret; secret?: Secret } | { mail: string };

/** The mail listener and the relay for mail of our own. Sizes in bytes. */
export interface Mail {
  listen: Listen;
  domain: string;
  maxSize: number;
  /** `idle` in milliseconds; what is `Hourly` is a number of mails. */
  limits: {
    connections: number;
    connectionsPerPeer: number;
    recipients: number;
    idle: number;
    senderHourly: number;
    addressHourly: number;
  };
  tls?: { certificate: Secret; key: Secret; required: boolean };
  /** Name servers to ask about senders; the system's when there are none. */
  dns: string[];
  relay?: Relay;
}

/** Where the web listens, and how people and proxies reach it. */
export interface WebSection extends Listen {
  /** The address that people know it by, without a path. */
  url?: string;
  /** Addresses of proxies whose X-Forwarded-For is believed. */
  proxies: string[];
  /** Bytes of one uploaded file. */
  maxUpload: number;
}

/** What `nightdrop.yaml` says. */
export interface NightdropFile {
  /** `sqlite:` and an absolute file, or `postgres://…`; secret because it may hold a password. */
  database: { url: Secret };
  /** Absolute path. */
  spool: { folder: string };
  web: WebSection;
  mail?: Mail;
  /** Milliseconds. */
  retention: { submissions: number; batchFiles: number; messages: number };
  alerts: AlertTarget[];
  /** How long after its due time a file is late, milliseconds. */
  late: number;
  /** Whether to load the sample ledger once. */
  sample: boolean;
  logLevel?: 'debug' | 'info' | 'warn' | 'error';
}

/** Who receives files. */
export interface Partner {
  /** The base name of the partner's file. */
  name: string;
  /** For people. */
  title: string;
  /** MediaPartnerIds in conversion files. */
  ids: string[];
  contact?: string;
  feeds: Feed[];
  /** Names of the partner's drops. */
  drops: string[];
}

/** How files for an event type come in by mail. */
export interface Intake {
  /** Local parts; one with `until` (a day, YYYY-MM-DD) is taken up to the end of that day in the event type's zone. */
  addresses: { local: string; until?: string }[];
  senders: string[];
  authentication: 'off' | 'record' | 'require';
  reply: 'none' | 'summary' | 'result';
}

/** The whole configuration, checked. Every path in it is absolute, every duration in milliseconds. */
export interface Settings extends NightdropFile {
  configFolder: string;
  dataFolder: string;
  partners: Partner[];
  /** The feeds of all partners, retired ones too. */
  feeds: Feed[];
  /** By name, of all partners. */
  drops: Map<string, DropPlan>;
  eventTypes: Map<number, EventType>;
  /** By event type. */
  intakes: Map<number, Intake>;
  /** By event type, of those that have one. */
  inboxes: Map<number, Inbox>;
}
