import { type Channel, mailChannel, webhookChannel } from '../notify/channel.ts';
import type { Settings } from '../settings/settings.ts';

/** Who is told of alerts, by the configuration. The settings have seen to it that mail has a relay. */
export const channelsOf = ({ alerts, mail }: Settings): Channel[] =>
  alerts.flatMap((target): Channel[] => {
    if ('webhook' in target) return [webhookChannel(target.webhook, target.secret)];
    return mail?.relay ? [mailChannel(target.mail, mail.relay)] : [];
  });
