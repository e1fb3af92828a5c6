import type { FtpsSpec } from '../drop.ts';
import type { ShownCertificate } from '../ftps/tls.ts';
import type { Finding } from './report.ts';

const day = 24 * 3_600_000;
/** A certificate that ends sooner is worth a word. */
const soon = 21 * day;

const dayOf = (at: number): string => (Number.isNaN(at) ? '?' : new Date(at).toISOString().slice(0, 10));

const describe = ({ fingerprint, names, issuer, validTo }: ShownCertificate): string =>
  `${fingerprint}, for ${names.join(', ')}, signed by ${issuer}, valid until ${dayOf(validTo)}`;

const compare = (pin: string): string =>
  `after comparing it with what the partner tells you over another way: certificates: ["${pin}"]`;

/** What a person can do about a certificate that is not good. */
const settingFor = (shown: ShownCertificate, { host }: FtpsSpec, now: number): string => {
  const pin = compare(shown.fingerprint);
  if (shown.validTo < now) return `ask the partner for a renewed certificate; or ${pin}`;
  if (shown.validFrom > now) return `check the clock of this machine, and ask the partner; or ${pin}`;
  const names = shown.names.filter((name) => name !== host && name !== '');
  if (shown.problem?.includes('not for') === true)
    return `set "host" to a name of the certificate${names.length > 0 ? ` (${names.join(', ')})` : ''}; or ${pin}`;
  return `name the partner's authority with ca: {file: PATH}; or ${pin}`;
};

const bare = (pin: string): string => pin.replace(/=+$/, '');

/** Whether a delivery would trust this certificate, and what to set if not. Pure; `now` in milliseconds. */
export const judge = (shown: ShownCertificate, spec: FtpsSpec, now: number): Finding => {
  const detail = describe(shown);
  const unsent = 'no credentials were sent; ';
  if (spec.certificates) {
    if (spec.certificates.some((pin) => bare(pin) === shown.fingerprint)) return { detail: `${detail}; it is pinned` };
    const pinned = spec.certificates.join(', ');
    const cause = pinned
      ? `the server shows another certificate than the pinned ones (${pinned})`
      : 'the pinned certificates cannot be read, so that none is trusted';
    const hint = `${unsent}ask the partner whether it has changed; ${compare(shown.fingerprint)}`;
    return { result: 'failed', detail, cause, hint };
  }
  if (shown.problem !== undefined) {
    const cause = `the certificate is not to be trusted: ${shown.problem}`;
    return { result: 'failed', detail, cause, hint: `${unsent}${settingFor(shown, spec, now)}` };
  }
  if (shown.validTo - now > soon) return { detail };
  const cause = `the certificate ends on ${dayOf(shown.validTo)}`;
  return { result: 'note', detail, cause, hint: 'ask the partner to renew it in time' };
};
