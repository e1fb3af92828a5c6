import { signingSecretProblem } from '../notify/signature.ts';
import { Secret } from '../secret.ts';
import { dotted, type Path, type Reading, report, valueAt } from './problem.ts';
import { reveal, secretSource, type SecretSource, sourceOrText } from './secret-source.ts';
import type { AlertTarget } from './settings.ts';
import { read, strict } from './shape.ts';
import { mailAddress } from './values.ts';

const shape = strict({
  webhook: sourceOrText.optional(),
  secret: secretSource.optional(),
  mail: mailAddress(false).optional(),
});

/** What keeps a text from being the address of a webhook: message and hint. */
const addressProblem = (url: string): [string, string] | undefined => {
  if (!/^https?:\/\/[^\s]+$/.test(url) || !URL.canParse(url))
    return ['is not the address of a webhook', 'it begins with https://'];
  const { username, password } = new URL(url);
  if (username === '' && password === '') return undefined;
  return ['has a user or password in it', 'leave them out; sign the messages instead, with secret: {env: NAME}'];
};

const webhook = (reading: Reading, path: Path, given: SecretSource | { text: string }): Secret | undefined => {
  const url = 'text' in given ? new Secret(given.text) : reveal(reading, path, given);
  if (!url) return undefined;
  const [message, hint] = addressProblem(url.reveal()) ?? [];
  if (message === undefined || hint === undefined) return url;
  report(reading, path, message, hint);
  return undefined;
};

const fresh = 'echo "whsec_$(openssl rand -base64 32)" makes one; give the same to the receiver';

/** The signing secret, or undefined with a problem reported when it is none. */
const signingSecret = (reading: Reading, path: Path, source: SecretSource): Secret | undefined => {
  const secret = reveal(reading, path, source);
  const problem = secret && signingSecretProblem(secret.reveal());
  if (problem !== undefined) report(reading, path, `the signing secret ${problem}`, fresh);
  return problem === undefined ? secret : undefined;
};

const ways = 'write {webhook: "https://…"} or {mail: ops@example.test}';

const readTarget = (reading: Reading, path: Path): AlertTarget | undefined => {
  if (typeof valueAt(reading.raw, path) === 'string') {
    // Not shown: the address of a webhook is a secret as a rule.
    const problem = { value: null, message: 'must be a section, not text', hint: ways };
    reading.problems.push({ file: reading.file, field: dotted(path), ...problem });
    return undefined;
  }
  const { whole: all } = read(reading, path, shape);
  if (!all) return undefined;
  const { webhook: url, secret, mail } = all;
  if ((url === undefined) === (mail === undefined)) {
    report(reading, path, 'must be one of webhook and mail', ways);
    return undefined;
  }
  if (mail !== undefined) {
    if (secret) report(reading, [...path, 'secret'], 'has nothing to sign', 'a secret belongs to a webhook');
    return { mail };
  }
  const key = secret && signingSecret(reading, [...path, 'secret'], secret);
  const address = url && webhook(reading, [...path, 'webhook'], url);
  return address && { webhook: address, ...(key && { secret: key }) };
};

const placeOf = (target: AlertTarget): string =>
  'mail' in target ? `mail ${target.mail.toLowerCase()}` : `webhook ${target.webhook.reveal()}`;

const checkOnce = (reading: Reading, targets: readonly (AlertTarget | undefined)[]): void => {
  const places = targets.map((target) => target && placeOf(target));
  for (const [index, place] of places.entries())
    if (place !== undefined && places.indexOf(place) < index)
      report(reading, ['alerts', index], 'is there twice', 'keep one of the two: each is told once');
};

/** Reads the list `alerts` of `nightdrop.yaml`: who is told of trouble. */
export const readAlerts = (reading: Reading, count: number): AlertTarget[] => {
  const targets = Array.from({ length: count }, (_, index) => readTarget(reading, ['alerts', index]));
  checkOnce(reading, targets);
  const relay = valueAt(reading.raw, ['mail', 'relay']);
  for (const [index, target] of targets.entries())
    if (target && 'mail' in target && relay === undefined) {
      const hint = 'add to mail: relay: { host: 127.0.0.1, port: 25, from: nightdrop@example.test }';
      report(reading, ['alerts', index, 'mail'], 'there is no relay to send it through', hint);
    }
  return targets.flatMap((target) => target ?? []);
};
