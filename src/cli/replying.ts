import type { Replying } from '../inbound/mail/send-replies.ts';
import type { Settings } from '../settings/settings.ts';

/** What mails are answered with; undefined without a relay to send answers through. */
export const replyingOf = ({ mail, intakes, eventTypes }: Settings): Replying | undefined => {
  if (!mail?.relay) return undefined;
  const rules = [...intakes].map(
    ([id, { reply, authentication }]) =>
      [id, { reply, authentication, name: eventTypes.get(id)?.name ?? String(id) }] as const,
  );
  return { relay: mail.relay, domain: mail.domain, rules: new Map(rules) };
};
