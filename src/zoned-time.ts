/** A reading of the clock on the wall of some zone. Months count from 1. */
export interface LocalTime {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
}

const minuteMs = 60_000;
/** Offsets only ever change on a quarter of an hour (UTC), in all zones since 1972. */
const bucketMs = 15 * minuteMs;

interface Zone {
  format: Intl.DateTimeFormat;
  offsets: Map<number, number>;
}
const zones = new Map<string, Zone>();

/** Whether `name` is an IANA zone (fixed offsets such as `+02:00` are not: they know no daylight saving). */
export const isZone = (name: string): boolean => {
  if (/^[+-]\d/.test(name)) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
};

const zoneOf = (name: string): Zone => {
  let zone = zones.get(name);
  if (!zone) {
    const format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      hourCycle: 'h23',
      era: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    zone = { format, offsets: new Map() };
    zones.set(name, zone);
  }
  return zone;
};

const readOffset = (zone: Zone, at: number): number => {
  const read: Record<string, string> = {};
  for (const part of zone.format.formatToParts(at)) read[part.type] = part.value;
  const year = read['era'] === 'BC' ? 1 - Number(read['year']) : Number(read['year']);
  const shown = new Date(0);
  shown.setUTCFullYear(year, Number(read['month']) - 1, Number(read['day']));
  shown.setUTCHours(Number(read['hour']), Number(read['minute']), Number(read['second']));
  return shown.getTime() - Math.floor(at / 1000) * 1000;
};

/** How far the zone's wall clock is ahead of UTC at that instant, in milliseconds. */
export const offsetAt = (zoneName: string, at: number): number => {
  if (zoneName === 'UTC') return 0;
  const zone = zoneOf(zoneName);
  const bucket = Math.floor(at / bucketMs);
  let offset = zone.offsets.get(bucket);
  if (offset === undefined) {
    offset = readOffset(zone, bucket * bucketMs);
    if (zone.offsets.size > 100_000) zone.offsets.clear();
    zone.offsets.set(bucket, offset);
  }
  return offset;
};

/** What the zone's wall clock shows at that instant. */
export const localTime = (zoneName: string, at: number): LocalTime => {
  const shown = new Date(at + offsetAt(zoneName, at));
  return {
    year: shown.getUTCFullYear(),
    month: shown.getUTCMonth() + 1,
    day: shown.getUTCDate(),
    hour: shown.getUTCHours(),
    minute: shown.getUTCMinutes(),
    second: shown.getUTCSeconds(),
  };
};

/**
 * The instants at which the zone's wall clock shows that time: one as a rule, two in the hour that comes twice
 * (the earlier first), none in the gap of spring.
 */
export const instantsOf = (zoneName: string, local: LocalTime): number[] => {
  const shown = Date.UTC(local.year, local.month - 1, local.day, local.hour, local.minute, local.second);
  const day = 24 * 60 * minuteMs;
  const offsets = new Set([offsetAt(zoneName, shown - day), offsetAt(zoneName, shown + day)]);
  return [...offsets]
    .map((offset) => shown - offset)
    .filter((at) => at + offsetAt(zoneName, at) === shown)
    .sort((a, b) => a - b);
};

/** As `instantsOf`, but always one: the earlier of two, and in a gap the first instant after it. */
export const instantOf = (zoneName: string, local: LocalTime): number => {
  const [first] = instantsOf(zoneName, local);
  if (first !== undefined) return first;
  const shown = Date.UTC(local.year, local.month - 1, local.day, local.hour, local.minute, local.second);
  const day = 24 * 60 * minuteMs;
  let before = shown - offsetAt(zoneName, shown - day) - day;
  let after = shown - offsetAt(zoneName, shown + day) + day;
  const old = offsetAt(zoneName, before);
  while (after - before > bucketMs) {
    const middle = before + Math.floor((after - before) / 2 / bucketMs) * bucketMs;
    const probe = middle === before ? before + bucketMs : middle;
    if (offsetAt(zoneName, probe) === old) before = probe;
    else after = probe;
  }
  return Math.floor(after / bucketMs) * bucketMs;
};

const two = Array.from({ length: 100 }, (_, n) => String(n).padStart(2, '0'));
const pad = (n: number): string => two[n] ?? String(n);

const isoOffset = (offset: number): string => {
  if (offset === 0) return 'Z';
  const minutes = Math.abs(offset) / minuteMs;
  return `${offset < 0 ? '-' : '+'}${pad(Math.floor(minutes / 60))}:${pad(minutes % 60)}`;
};

type Token = (shown: Date, offset: number) => string;
const tokens: Record<string, Token> = {
  yyyy: (d) => String(d.getUTCFullYear()).padStart(4, '0'),
  yy: (d) => pad(d.getUTCFullYear() % 100),
  MM: (d) => pad(d.getUTCMonth() + 1),
  dd: (d) => pad(d.getUTCDate()),
  HH: (d) => pad(d.getUTCHours()),
  mm: (d) => pad(d.getUTCMinutes()),
  ss: (d) => pad(d.getUTCSeconds()),
  SSS: (d) => String(d.getUTCMilliseconds()).padStart(3, '0'),
  XXX: (_, offset) => isoOffset(offset),
};

/** The parts of a date pattern: tokens `yyyy yy MM dd HH mm ss SSS XXX`, 'quoted text', other characters as they are. */
export const patternParts = (pattern: string): { token?: string; text: string }[] | undefined => {
  const parts: { token?: string; text: string }[] = [];
  for (const match of pattern.matchAll(/'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']+|'/g)) {
    const [text, quoted] = match;
    if (quoted !== undefined) parts.push({ text: quoted === '' ? "'" : quoted.replaceAll("''", "'") });
    else if (text in tokens) parts.push({ token: text, text });
    else if (text === 'T' || text === 'Z') parts.push({ text });
    else if (/[A-Za-z']/.test(text)) return undefined;
    else parts.push({ text });
  }
  return parts;
};

/** A function that writes an instant (milliseconds) by `pattern` in the zone. The pattern must be one `patternParts` accepts. */
export const instantFormat = (pattern: string, zoneName: string): ((at: number) => string) => {
  const parts = (patternParts(pattern) ?? [{ text: pattern }]).map(({ token, text }): Token => {
    const write = token === undefined ? undefined : tokens[token];
    return write ?? (() => text);
  });
  return (at) => {
    const offset = offsetAt(zoneName, at);
    const shown = new Date(at + offset);
    let out = '';
    for (const part of parts) out += part(shown, offset);
    return out;
  };
};
