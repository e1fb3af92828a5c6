const pattern =
  /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?(?:(Z)|([+-])(\d{2})(?::?(\d{2}))?)$/;

/**
 * An ISO 8601 date and time with `Z` or an offset, as milliseconds since 1970 (a finer fraction is cut off); undefined
 * when it is anything else: without a zone, a date only, a day that does not exist, hour 24, a leap second.
 */
export const readInstant = (text: string): number | undefined => {
  const match = pattern.exec(text);
  if (!match) return undefined;
  const offset = match[8] === 'Z' ? 0 : offsetMinutes(match[9], match[10], match[11]);
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1, 7)
    .map((part) => Number(part ?? 0));
  if (offset === undefined || !isDay(year, month, day) || hour > 23 || minute > 59 || second > 59) return undefined;
  const milliseconds = Number((match[7] ?? '').slice(0, 3).padEnd(3, '0'));
  return Date.UTC(year, month - 1, day, hour, minute, second, milliseconds) - offset * 60_000;
};

const isDay = (year: number, month: number, day: number): boolean =>
  year >= 1000 && month >= 1 && month <= 12 && day >= 1 && day <= new Date(Date.UTC(year, month, 0)).getUTCDate();

const offsetMinutes = (sign = '+', hours = '00', minutes = '00'): number | undefined => {
  const total = Number(hours) * 60 + Number(minutes);
  return Number(hours) > 14 || Number(minutes) > 59 ? undefined : sign === '-' ? -total : total;
};
