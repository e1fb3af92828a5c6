import { describe, expect, test } from 'vitest';
import { type Action, actions, may, mayEver, reachOf, type Scope } from '../../../src/web/people/may.ts';

const ops: Scope = { role: 'ops' };
const advertiser: Scope = { role: 'advertiser', eventTypes: [4521] };
const partner: Scope = { role: 'partner', partners: ['acme'], feeds: ['bolt-extra'] };
const feeds = [
  { name: 'acme-nightly', partner: 'acme' },
  { name: 'bolt-nightly', partner: 'bolt' },
  { name: 'bolt-extra', partner: 'bolt' },
];

/** Written out once more by hand, so that a change of the rules is a decision in two places. */
const advertisers: Action[] = ['submissions.read', 'submissions.download', 'submissions.submit', 'eventTypes.read'];
advertisers.push('mappings.read', 'mappings.write', 'transactions.read', 'trace.read');
const partners: Action[] = ['feeds.read', 'frames.export', 'batches.read', 'batches.download', 'deliveries.read'];
partners.push('schedule.read', 'trace.read');

describe('who may do what', () => {
  test.each(actions)('%s', (action) => {
    expect(may(ops, action, {})).toBe(true);
    expect(may(ops, action, { feed: 'acme-nightly', partner: 'acme' })).toBe(true);
    expect(mayEver(advertiser, action)).toBe(advertisers.includes(action));
    expect(may(advertiser, action, { eventType: 4521 })).toBe(advertisers.includes(action));
    expect(mayEver(partner, action)).toBe(partners.includes(action));
    expect(may(partner, action, { feed: 'acme-nightly', partner: 'acme' })).toBe(partners.includes(action));
    expect(may(partner, action, { feed: 'bolt-extra', partner: 'bolt' })).toBe(partners.includes(action));
  });

  test.each(actions)('%s of somebody else is denied, and what is nobody’s too', (action) => {
    for (const scope of [advertiser, partner]) {
      expect(may(scope, action, {})).toBe(false);
      expect(may(scope, action, { eventType: 4522 })).toBe(false);
      expect(may(scope, action, { feed: 'bolt-nightly', partner: 'bolt' })).toBe(false);
    }
    expect(may(advertiser, action, { feed: 'acme-nightly', partner: 'acme' })).toBe(false);
    expect(may(partner, action, { eventType: 4521 })).toBe(false);
    expect(may({ role: 'advertiser', eventTypes: [] }, action, { eventType: 4521 })).toBe(false);
    expect(may({ role: 'partner', partners: [], feeds: [] }, action, { feed: 'acme-nightly' })).toBe(false);
  });

  test('an action that is not known is denied to everybody', () => {
    for (const name of ['everything', 'toString', 'constructor', '__proto__', ''])
      expect(may(ops, name as Action, {})).toBe(false);
    expect(may({ role: 'root' } as unknown as Scope, 'feeds.read', {})).toBe(false);
  });

  test('a list reaches what is theirs', () => {
    expect(reachOf(ops, 'batches.read', feeds)).toBe('all');
    expect(reachOf(partner, 'batches.read', feeds)).toEqual({ feeds: ['acme-nightly', 'bolt-extra'] });
    expect(reachOf(advertiser, 'submissions.read', feeds)).toEqual({ eventTypes: [4521] });
    expect(reachOf(advertiser, 'batches.read', feeds)).toEqual({ feeds: [] });
  });
});
