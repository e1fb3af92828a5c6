import { X509Certificate } from 'node:crypto';

/** What is wrong with a file of authorities, and what to do about it. */
export interface AuthorityProblem {
  message: string;
  hint: string;
}

const notOne: AuthorityProblem = {
  message: 'this is not a certificate that can be read',
  hint: "give the authority's certificate in PEM form, with BEGIN CERTIFICATE in its first line",
};

const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10);

const ask = 'ask the partner for the certificate that stands behind their server now';

/**
 * Why this PEM text of one or more certificates cannot be trusted as authorities at `now` (milliseconds since 1970);
 * undefined when it can. One of them that is valid is enough: old ones often stay in the file.
 */
export const authorityProblem = (pem: string, now: number): AuthorityProblem | undefined => {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
  let dates: { from: number; to: number }[];
  try {
    const read = blocks.map((block) => new X509Certificate(block));
    dates = read.map(({ validFrom, validTo }) => ({ from: Date.parse(validFrom), to: Date.parse(validTo) }));
  } catch {
    return notOne;
  }
  if (dates.length === 0) return notOne;
  if (dates.some(({ from, to }) => from <= now && now <= to)) return undefined;
  const last = Math.max(...dates.map(({ to }) => to));
  if (last < now) return { message: `the certificate expired on ${dayOf(last)}`, hint: ask };
  const first = Math.min(...dates.filter(({ to }) => to >= now).map(({ from }) => from));
  return { message: `the certificate is valid only from ${dayOf(first)} on`, hint: ask };
};
