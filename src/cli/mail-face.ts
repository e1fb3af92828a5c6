import { judgeSender } from '../inbound/mail/judge-sender.ts';
import { type ListenerRules, type MailListener, openListener } from '../inbound/mail/listener.ts';
import { openResolver } from '../inbound/mail/resolver.ts';
import type { Mail, Settings } from '../settings/settings.ts';
import type { App } from './wire.ts';

/** What of the settings the listener goes by. */
const rulesOf = ({ eventTypes, intakes }: Settings, { domain, maxSize, limits, tls }: Mail): ListenerRules => ({
  ...{ domain, maxSize, limits },
  ...(tls && { tls }),
  eventTypes: [...eventTypes.values()].flatMap(({ id, timezone }) => {
    const intake = intakes.get(id);
    if (!intake) return [];
    const { addresses, senders, authentication } = intake;
    return [{ eventTypeId: id, timezone, addresses, senders, authentication }];
  }),
});

/** The mail listener as the service runs it. */
export interface MailFace {
  listener: MailListener;
  useSettings(settings: Settings): void;
}

/** Opens the listener that the settings name; undefined when they name none. `onAccepted` is called after each mail. */
export const openMailFace = async (app: App, onAccepted: () => void): Promise<MailFace | undefined> => {
  const { settings, store, spool, clock, log } = app;
  const { mail } = settings;
  if (!mail) return undefined;
  const rules = rulesOf(settings, mail);
  if (rules.eventTypes.every(({ addresses }) => addresses.length === 0))
    log.warn('no event type has an address: every mail is refused');
  const resolver = openResolver(mail.dns);
  const listener = await openListener(mail.listen, rules, {
    ...{ store, spool, clock, log, onAccepted },
    judgeSender: (one, senders) => judgeSender(one, senders, { resolver }),
  });
  return {
    listener,
    useSettings: (next) => {
      if (next.mail) listener.useRules(rulesOf(next, next.mail));
    },
  };
};
