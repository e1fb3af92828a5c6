/**
 * Who may do what: the one place where it is decided. Whatever is not named here is denied. Plain values in, a verdict
 * out.
 */

/** What a person or a program is, and over what. */
export type Scope =
  | { role: 'ops' }
  /** An advertiser's people: their event types. */
  | { role: 'advertiser'; eventTypes: readonly number[] }
  /** A partner's people: all feeds of these partners, those to come included, and these feeds. */
  | { role: 'partner'; partners: readonly string[]; feeds: readonly string[] };

export type Role = Scope['role'];
export const roles = ['ops', 'advertiser', 'partner'] as const satisfies readonly Role[];

/** Over what a role acts: everything (`all`), the event types of its scope, or the feeds of its scope. */
type Over = 'all' | 'eventTypes' | 'feeds';

const onlyOps = { ops: 'all' } as const;
const opsAndPartner = { ops: 'all', partner: 'feeds' } as const;
const opsAndAdvertiser = { ops: 'all', advertiser: 'eventTypes' } as const;

/** Every action, and who has it over what. To add one: a line here. */
const grants = {
  'feeds.read': opsAndPartner,
  'feeds.export': onlyOps,
  'frames.export': opsAndPartner,
  'batches.read': opsAndPartner,
  'batches.download': opsAndPartner,
  'deliveries.read': opsAndPartner,
  'deliveries.resend': onlyOps,
  'deliveries.release': onlyOps,
  'deliveries.settle': onlyOps,
  'schedule.read': opsAndPartner,
  'submissions.read': opsAndAdvertiser,
  'submissions.download': opsAndAdvertiser,
  'submissions.submit': opsAndAdvertiser,
  'submissions.release': onlyOps,
  'eventTypes.read': opsAndAdvertiser,
  'mappings.read': opsAndAdvertiser,
  'mappings.write': opsAndAdvertiser,
  'transactions.read': opsAndAdvertiser,
  'transactions.add': onlyOps,
  'trace.read': { ops: 'all', advertiser: 'eventTypes', partner: 'feeds' },
  'alerts.read': onlyOps,
  'alerts.test': onlyOps,
  'drops.read': onlyOps,
  'drops.trust': onlyOps,
  'drops.examine': onlyOps,
  'refusedMail.read': onlyOps,
  'prove.read': onlyOps,
  'people.read': onlyOps,
  'people.write': onlyOps,
  'tokens.read': onlyOps,
  'tokens.write': onlyOps,
  'audit.read': onlyOps,
  /** To see the name, mail address and number of customers and senders in full. */
  'personalData.read': onlyOps,
} as const satisfies Record<string, Partial<Record<Role, Over>>>;

export type Action = keyof typeof grants;
export const actions = Object.keys(grants) as Action[];

/** What an action is done to, as far as it decides. One of neither is the service itself, which is ours alone. */
export interface Subject {
  eventType?: number;
  feed?: string;
  /** The feed's partner. */
  partner?: string;
}

const overOf = ({ role }: Scope, action: Action): Over | undefined =>
  Object.hasOwn(grants, action) ? (grants[action] as Partial<Record<Role, Over>>)[role] : undefined;

const isOwn = (scope: Scope, over: Over, { eventType, feed, partner }: Subject): boolean => {
  switch (over) {
    case 'all':
      return true;
    case 'eventTypes':
      return scope.role === 'advertiser' && eventType !== undefined && scope.eventTypes.includes(eventType);
    case 'feeds':
      return (
        scope.role === 'partner' &&
        feed !== undefined &&
        (scope.feeds.includes(feed) || (partner !== undefined && scope.partners.includes(partner)))
      );
    default:
      return over satisfies never;
  }
};

/** Whether one of this scope may do it to this object. */
export const may = (scope: Scope, action: Action, object: Subject): boolean => {
  const over = overOf(scope, action);
  return over !== undefined && isOwn(scope, over, object);
};

/** Whether one of this scope may do it to anything at all. */
export const mayEver = (scope: Scope, action: Action): boolean => overOf(scope, action) !== undefined;

/** What a list may show: everything, or these event types or feeds only (none, when the lists are empty). */
export type Reach = 'all' | { eventTypes: readonly number[] } | { feeds: readonly string[] };

/** The reach of an action, over the feeds that there are; nothing for one who may not do it at all. */
export const reachOf = (scope: Scope, action: Action, feeds: readonly { name: string; partner: string }[]): Reach => {
  const over = overOf(scope, action);
  if (over === 'all') return 'all';
  if (over === 'eventTypes') return { eventTypes: scope.role === 'advertiser' ? scope.eventTypes : [] };
  const own = feeds.filter(({ name, partner }) => may(scope, action, { feed: name, partner }));
  return { feeds: own.map(({ name }) => name) };
};
