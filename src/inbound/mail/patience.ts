/** How long a connection may last: what it brings, and not that it is open, earns it time. */
export interface Patience {
  /** To begin with, milliseconds. */
  startMs: number;
  /** More for each mail whose DATA was answered, milliseconds. */
  perMailMs: number;
  /** More for the bytes of DATA: who is slower than this, in bytes a second, uses up what it has. */
  bytesPerSecond: number;
  /** In all, whatever it brings, milliseconds. */
  mostMs: number;
}

/**
 * A place is taken for five minutes by who does nothing with it but keep it open (RFC 5321 asks for as much patience with
 * one command). 8 KB a second is less than any mail server's line, and at that rate a mail of 25 MB still comes within
 * the hour. A server that brings mail after mail may stay for the hour; when it hears 421 it connects anew.
 */
export const usualPatience: Patience = {
  ...{ startMs: 300_000, perMailMs: 60_000, bytesPerSecond: 8 * 1024, mostMs: 3_600_000 },
};

/** What a connection has brought so far. */
export interface Brought {
  bytes: number;
  mails: number;
}

/** How long a connection may last by what it has brought, milliseconds. */
export const allowedMs = (
  { startMs, perMailMs, bytesPerSecond, mostMs }: Patience,
  { bytes, mails }: Brought,
): number => Math.min(mostMs, startMs + mails * perMailMs + (bytes * 1000) / bytesPerSecond);
