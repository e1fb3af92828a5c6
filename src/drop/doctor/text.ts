const groups = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });

/** 65536 → `64 KB`. */
export const size = (bytes: number): string => {
  const units = ['bytes', 'KB', 'MB', 'GB', 'TB', 'PB'];
  let [value, unit] = [bytes, 0];
  while (value >= 1024 && unit < units.length - 1) [value, unit] = [value / 1024, unit + 1];
  return `${groups.format(value)} ${units[unit]}`;
};

/** 12.34 → `12 ms`, 4210 → `4.2 s`. */
export const time = (ms: number): string =>
  ms < 1000
    ? `${groups.format(Math.max(ms < 10 ? Math.round(ms * 10) / 10 : Math.round(ms), 0.1))} ms`
    : `${groups.format(ms / 1000)} s`;

/** Bytes in milliseconds → `13 MB/s`. */
export const speed = (bytes: number, ms: number): string => `${size((bytes * 1000) / Math.max(ms, 1))}/s`;

/** The value in the middle. */
export const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
