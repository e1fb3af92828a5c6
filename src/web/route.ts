import { Fault } from '../fault.ts';
import type { Asker } from './people/asker.ts';
import type { Action, Reach, Subject } from './people/may.ts';

/** A request, before it is known who asks. */
export interface Call {
  request: Request;
  url: URL;
  /** The `:names` of the path, decoded. */
  params: Readonly<Record<string, string>>;
  header(name: string): string | undefined;
  /** The bytes of the body as they come. To be read once. */
  body: AsyncIterable<Buffer>;
  /** The fields of a form (`application/x-www-form-urlencoded`, at most 64 KB). May be asked for several times. */
  form(): Promise<URLSearchParams>;
  /** The address it comes from. */
  peer: string;
}

/** A request of somebody who is known. */
export interface KnownCall extends Call {
  asker: Asker;
  /** What lists may show under an action; that of the route when none is named. */
  reach(action?: Action): Reach;
  may(action: Action, subject: Subject): boolean;
  /** What the audit list says it was about, where that is known only once it is done: `token 0123`. */
  concerns(object: string): void;
}

/** One thing that a route is about. */
export interface Found<T> {
  thing: T;
  subject: Subject;
  /** As the audit list names it: `delivery 12`. */
  name: string;
}

interface Way {
  method: 'get' | 'post' | 'put' | 'delete';
  /** `/api/v1/deliveries/:id/resend`. */
  path: string;
  /** How errors are told and what becomes of the unsigned: problem+json and 401, or a page and the way to sign in. */
  face: 'api' | 'page';
  /** Reading that goes to the audit list all the same; everything that writes does. */
  audited?: boolean;
}

/** What a route needs, and over what. Nothing can be registered without it. */
type Need =
  /** For everybody. */
  | { needs: 'open'; run(call: Call): Promise<Response> }
  /** For everybody who is signed in or has a token. */
  | { needs: 'signed-in'; run(call: KnownCall): Promise<Response> }
  /** About the service as a whole. */
  | { needs: Action; over: 'service'; run(call: KnownCall): Promise<Response> }
  /** A list: the route shows what `call.reach()` holds, and nothing else. */
  | { needs: Action; over: 'list'; run(call: KnownCall): Promise<Response> }
  /** One thing: what is not found and what is not theirs are the same 404. */
  | { needs: Action; over: 'one'; prepare(call: KnownCall): Promise<Prepared | undefined> };

/** A thing that was found, with what is to be done to it. */
export interface Prepared extends Pick<Found<unknown>, 'subject' | 'name'> {
  run(): Promise<Response>;
}

export type Route = Way & Need;

/** A route about one thing: `find` looks for it, and `run` is called when the one who asks may do so. */
export const routeOn = <T>(
  way: Way & { needs: Action },
  find: (call: KnownCall) => Promise<Found<T> | undefined>,
  run: (call: KnownCall, thing: T) => Promise<Response>,
): Route => ({
  ...way,
  over: 'one',
  prepare: async (call) => {
    const found = await find(call);
    return found && { subject: found.subject, name: found.name, run: () => run(call, found.thing) };
  },
});

/** The whole number from 1 on that a path names; undefined for anything else, which then is nowhere. */
export const idIn = ({ params }: Call, name = 'id'): number | undefined => {
  const text = params[name] ?? '';
  return /^[1-9]\d{0,14}$/.test(text) ? Number(text) : undefined;
};

export const tooLarge = (what: string, most: string): Fault =>
  new Fault({
    operation: 'take',
    object: what,
    reason: `it is larger than ${most}`,
    hint: 'send less at once',
    next: 'refuse',
    code: 'too-large',
  });

/** The values of an address or a form. Fault `usage` for NUL in one: no text has it, and PostgreSQL keeps none. */
export const withoutNul = (values: URLSearchParams): URLSearchParams => {
  for (const [name, value] of values)
    if (`${name}${value}`.includes('\0'))
      throw new Fault({
        ...{ operation: 'read', object: name.replaceAll('\0', ''), reason: 'it holds a NUL character' },
        ...{ hint: 'leave it out', next: 'refuse', code: 'usage' },
      });
  return values;
};

/** A body that is kept in memory: text of at most `most` bytes. Fault `too-large`. */
export const readText = async (body: AsyncIterable<Buffer>, most = 65_536): Promise<string> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > most) throw tooLarge('the request', `${most} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
};
