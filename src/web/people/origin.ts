/** What of a request tells whether a page of ours sent it. */
export interface Sent {
  /** The Sec-Fetch-Site header. */
  site: string | undefined;
  /** The Origin header. */
  origin: string | undefined;
  /** The Host header. */
  host: string | undefined;
}

const hostOf = (origin: string): string | undefined => (URL.canParse(origin) ? new URL(origin).host : undefined);

/**
 * Whether a writing request with a cookie comes from our own pages. A browser says so in Sec-Fetch-Site, or in Origin,
 * which is compared with `url`, the address people know us by, or with Host where none is configured. A request that
 * says neither is not taken: every browser of today says one of them.
 */
export const isOurOwn = ({ site, origin, host }: Sent, url: string | undefined): boolean => {
  if (site !== undefined) return site === 'same-origin';
  if (origin === undefined) return false;
  if (url !== undefined) return origin === new URL(url).origin;
  return hostOf(origin) !== undefined && hostOf(origin) === host;
};
