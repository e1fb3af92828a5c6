import { mailChannel } from '../../notify/channel.ts';
import { send } from '../../notify/send.ts';
import type { WebContext } from '../context.ts';
import { record } from './audit.ts';
import { linkLastsMs, makeLink, redeemLink } from './links.ts';
import { type Person, personNamed, personOfId } from './people.ts';
import { beginSession } from './sessions.ts';

/** Where a link leads. `base` is `web.url`, or where the web listens. */
export const linkAddress = (base: string, proof: string): string => new URL(`/sign-in/${proof}`, base).href;

const minutes = linkLastsMs / 60_000;

const mailText = (address: string): string =>
  [
    'Somebody, hopefully you, asked to sign in to Nightdrop. This link signs you in:',
    '',
    address,
    '',
    `It is good once, for ${minutes} minutes. If it was not you, there is nothing to do: without the link nobody gets in.`,
    '',
  ].join('\n');

/**
 * Links are mailed only where `web.url` says what they begin with: the Host header of a request is the asker's to choose,
 * and a link that leads to another's server would be given away by the one who opens it.
 */
export const mailsLinks = (ctx: WebContext): boolean => {
  const { relay, url } = ctx.settings();
  return relay !== undefined && url !== undefined;
};

const mailLink = async (ctx: WebContext, person: Person): Promise<void> => {
  const { relay, url } = ctx.settings();
  if (!relay || url === undefined || !person.name.includes('@')) return;
  const now = ctx.clock.now();
  const proof = await makeLink(ctx.store, person.id, now);
  const message = {
    ...{ id: `sign-in-${proof.slice(0, 16)}`, type: 'sign-in', at: now, data: {} },
    subject: 'Your link to Nightdrop',
    text: mailText(linkAddress(url, proof)),
  };
  await send(mailChannel(person.name, relay), message, { now, signal: AbortSignal.timeout(30_000) });
};

/** Mails a link when the name is a person's. Whoever asked learns nothing of it, in words or in time: it runs on its own. */
export const askForLink = (ctx: WebContext, name: string): void => {
  const work = async (): Promise<void> => {
    const person = await personNamed(ctx.store.read, name);
    if (person) await mailLink(ctx, person);
  };
  // The channel is named for the address it goes to, so the error is told without it.
  work().catch((error: unknown) => {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unforeseen';
    ctx.log.error({ code }, 'a sign-in link could not be mailed: look at mail.relay');
  });
};

/** Uses a link up: what the cookie of the new session holds, or undefined when the link is no longer good. */
export const signIn = async (
  { store, clock }: WebContext,
  proof: string,
  { peer, ended }: { peer: string; ended: string | undefined },
): Promise<string | undefined> => {
  const now = clock.now();
  const personId = await redeemLink(store, proof, now);
  const person = personId === undefined ? undefined : await personOfId(store.read, personId);
  if (!person) return undefined;
  const cookie = await beginSession(store, { personId: person.id, peer, ended, now });
  await record(store, { who: { kind: 'person', name: person.name }, peer, action: 'sign-in', object: 'session' }, now);
  return cookie;
};
