import { isoInstant } from '../clock.ts';
import type { Settings } from '../settings/settings.ts';
import {
  findPeople,
  type Person,
  personLine,
  personNamed,
  putPerson,
  readPersonName,
  removePerson,
} from '../web/people/people.ts';
import { linkLastsMs, makeLink } from '../web/people/links.ts';
import { linkAddress } from '../web/people/sign-in.ts';
import { argument, textOption, wrongUse } from './arguments.ts';
import { recordByHand } from './by-hand.ts';
import type { Call, CliCommand } from './command.ts';
import { exit } from './exit-code.ts';
import { moment, table } from './output.ts';
import { scopeOf, scopeOptions, scopeText } from './scope.ts';
import { withApp } from './wire.ts';

const args = [
  { name: '<name>', text: 'a mail address, or a name for one who signs in by printed links only' },
] as const;

const nameOf = (call: Call): string => {
  const name = readPersonName(argument(call, 0));
  if (name !== undefined) return name;
  throw wrongUse(
    `"${argument(call, 0)}"`,
    'it is neither a mail address nor a name',
    'for example: ops@example.test, or: ops',
  );
};

export const personAdd: CliCommand = {
  name: 'person add',
  args,
  options: scopeOptions,
  summary: 'lets a person sign in, or changes what one may see',
  examples: [
    ['person add kim@brand.example --role advertiser --event-types 4521', 'their submissions and uploads'],
    ['person add files@acme.example --role partner --partner acme', 'their batches and deliveries'],
  ],
  run: (call, session) =>
    withApp(session, async (app) => {
      const scope = scopeOf(call, app.settings);
      const person = await putPerson(app.store, nameOf(call), scope, app.clock.now());
      await recordByHand(app, 'people.write', `person ${person.id} is ${scope.role}`);
      session.out.answer(
        personLine(person),
        ({ name, role }) => `${name} may sign in as ${role}: ${scopeText(scope)}.`,
      );
      return exit.done;
    }),
};

export const personList: CliCommand = {
  name: 'person list',
  args: [],
  options: [],
  summary: 'who may sign in, and what they see',
  examples: [['person list', 'all of them']],
  run: (_call, session) =>
    withApp(session, async ({ store }) => {
      const found = await findPeople(store.read);
      const columns = [
        { title: 'name', text: (person: Person) => person.name },
        { title: 'role', text: (person: Person) => person.scope.role },
        { title: 'sees', text: (person: Person) => scopeText(person.scope) },
        { title: 'last sign-in', text: (person: Person) => moment(personLine(person).signedInAt) },
      ];
      session.out.answer(found.map(personLine), () => table(found, columns, 'Nobody may sign in yet.'));
      return exit.done;
    }),
};

const unknown = (name: string) =>
  wrongUse(`"${name}"`, 'nobody of that name may sign in', 'see who may: nightdrop person list; add one: person add');

export const personRemove: CliCommand = {
  name: 'person remove',
  args,
  options: [],
  summary: 'takes the right to sign in away; what is open of theirs ends at once',
  examples: [['person remove kim@brand.example', 'the audit list keeps what they did']],
  run: (call, session) =>
    withApp(session, async (app) => {
      const name = nameOf(call);
      const found = await personNamed(app.store.read, name);
      if (!found || !(await removePerson(app.store, name, app.clock.now()))) throw unknown(name);
      await recordByHand(app, 'people.write', `person ${found.id} removed`);
      session.out.answer({ name, removed: true }, () => `${name} may no longer sign in.`);
      return exit.done;
    }),
};

/** Where people find the service: `web.url`, or the loopback where it listens. */
export const baseOf = ({ web }: Settings, url?: string): string => {
  const host = web.host.includes(':') ? `[${web.host}]` : web.host;
  return url ?? web.url ?? `http://${host}:${web.port}`;
};

export const signIn: CliCommand = {
  name: 'sign-in',
  args,
  options: [{ flags: '--url <address>', text: 'where the service is reached (default: web.url, or web.listen)' }],
  summary: 'prints a link with which a person signs in, once, within 15 minutes',
  examples: [['sign-in ops', 'for whoever opens it: pass it on like a password']],
  run: (call, session) =>
    withApp(session, async (app) => {
      const name = nameOf(call);
      const found = await personNamed(app.store.read, name);
      if (!found) throw unknown(name);
      const url = textOption(call, 'url');
      if (url !== undefined && !/^https?:\/\/[^/\s]+\/?$/.test(url))
        throw wrongUse('--url', 'it is not the address of a web server', 'for example: https://nightdrop.example.test');
      const now = app.clock.now();
      const link = linkAddress(baseOf(app.settings, url), await makeLink(app.store, found.id, now));
      await recordByHand(app, 'sign-in.link', `person ${found.id}`);
      const goodUntil = isoInstant(now + linkLastsMs);
      session.out.answer({ name, link, goodUntil }, () => `${link}\nGood once, until ${moment(goodUntil)}.`);
      return exit.done;
    }),
};
