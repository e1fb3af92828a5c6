import type { Settings } from '../settings/settings.ts';
import { makeLink } from '../web/people/links.ts';
import { findPeople, putPerson } from '../web/people/people.ts';
import { linkAddress } from '../web/people/sign-in.ts';
import type { Web } from '../web/web.ts';
import type { App } from './wire.ts';

/** Who signs in first. */
const firstName = 'ops';

/** Where the web is reached from this machine. */
export const webAddress = ({ host, port }: Pick<Web, 'host' | 'port'>): string =>
  `http://${host.includes(':') ? `[${host}]` : host}:${port}/`;

/** As long as nobody of the role ops has ever signed in: a link with which somebody can, good once and not for long. */
export const firstLink = async (app: App, web: Web, { web: { url } }: Settings): Promise<string | undefined> => {
  const now = app.clock.now();
  const ops = (await findPeople(app.store.read)).filter(({ scope }) => scope.role === 'ops');
  if (ops.some(({ signedInAt }) => signedInAt !== null)) return undefined;
  const person = ops[0] ?? (await putPerson(app.store, firstName, { role: 'ops' }, now));
  return linkAddress(url ?? webAddress(web), await makeLink(app.store, person.id, now));
};
