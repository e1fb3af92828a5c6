import type { Store } from '../../store/store.ts';
import type { Who } from './audit.ts';
import type { Scope } from './may.ts';
import { sessionOfCookie } from './sessions.ts';
import { tokenOfText } from './tokens.ts';

/** Who asks: a person who is signed in, or a program with a token. */
export interface Asker {
  who: Who;
  scope: Scope;
  /** One for each person and token: what is counted and remembered for them is kept under it. */
  key: string;
  /** Of a person: the session, and what a writing request must carry (`sessions.ts`). */
  session?: { id: string; formToken: string };
}

/** What of a request says who asks. */
export interface Shown {
  /** The Authorization header. */
  authorization: string | undefined;
  /** The Cookie header. */
  cookie: string | undefined;
}

/** `__Host-` keeps neighbours on the same domain from setting it; it needs https. */
export const cookieName = (secure: boolean): string => (secure ? '__Host-nightdrop' : 'nightdrop');

/** The value of a cookie. */
export const cookieIn = (header: string | undefined, name: string): string | undefined =>
  (header ?? '')
    .split(';')
    .map((part) => part.trim())
    .find((part) => part.startsWith(`${name}=`))
    ?.slice(name.length + 1);

/** The Set-Cookie header that begins or, without a value, ends a session. */
export const sessionCookie = (value: string | undefined, secure: boolean, seconds: number): string =>
  [
    `${cookieName(secure)}=${value ?? ''}`,
    'Path=/',
    `Max-Age=${value === undefined ? 0 : seconds}`,
    'HttpOnly',
    'SameSite=Lax',
    ...(secure ? ['Secure'] : []),
  ].join('; ');

/**
 * Who asks. `wrong` when a token was shown and it is not good; undefined when nothing was shown, or a session that is
 * over. A token goes before a cookie: a program that shows one acts as that only.
 */
export const askerOf = async (
  store: Store,
  { authorization, cookie }: Shown,
  { secure, now }: { secure: boolean; now: number },
): Promise<Asker | 'wrong' | undefined> => {
  if (authorization !== undefined) {
    const [, text] = /^bearer +(\S+)$/i.exec(authorization) ?? [];
    const token = text === undefined ? undefined : await tokenOfText(store, text, now);
    if (!token) return 'wrong';
    const { id, name, scope } = token;
    return { who: { kind: 'token', name: `${name} (${id})` }, scope, key: `token ${id}` };
  }
  const held = cookieIn(cookie, cookieName(secure));
  const session = held === undefined ? undefined : await sessionOfCookie(store, held, now);
  if (!session) return undefined;
  const { id, person, formToken } = session;
  return {
    who: { kind: 'person', name: person.name },
    scope: person.scope,
    key: `person ${person.id}`,
    session: { id, formToken },
  };
};
