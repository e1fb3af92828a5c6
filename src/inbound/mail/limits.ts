/** What one peer, one sender or one address may ask of the listener. */
export interface MailLimits {
  /** At one time, of all peers together, and of one. */
  connections: number;
  connectionsPerPeer: number;
  /** Of one mail. */
  recipients: number;
  /** How long a peer may stay silent when it is its turn, milliseconds. */
  idle: number;
  /** Accepted mails in an hour from one envelope sender at one peer, and to one address. */
  senderHourly: number;
  addressHourly: number;
}

/** Counts what happened in the last hour under some keys. Never holds more than 2 × `mostKeys` of them. */
export interface HourlyRate {
  /** Whether one more under that key stays within `most`. `now` in milliseconds. */
  allows(key: string, most: number, now: number): boolean;
  count(key: string, now: number): void;
}

const hourMs = 3_600_000;

/**
 * The count of this hour and, of the hour before, the share that still lies within the last sixty minutes. Keys beyond
 * `mostKeys` in an hour are not counted: only accepted mail is, so nobody can fill the table with forged senders alone.
 */
export const makeHourlyRate = (mostKeys = 10_000): HourlyRate => {
  let hour = 0;
  let [current, before] = [new Map<string, number>(), new Map<string, number>()];
  const turnTo = (now: number): void => {
    const next = Math.floor(now / hourMs);
    if (next === hour) return;
    [before, current] = [next === hour + 1 ? current : new Map<string, number>(), new Map<string, number>()];
    hour = next;
  };
  const shareOfBefore = (now: number): number => 1 - (now % hourMs) / hourMs;
  return {
    allows: (key, most, now) => {
      turnTo(now);
      return (before.get(key) ?? 0) * shareOfBefore(now) + (current.get(key) ?? 0) < most;
    },
    count: (key, now) => {
      turnTo(now);
      if (current.has(key) || current.size < mostKeys) current.set(key, (current.get(key) ?? 0) + 1);
    },
  };
};
