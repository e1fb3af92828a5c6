import { z } from '@hono/zod-openapi';
import { isoInstant } from '../../clock.ts';
import { Fault } from '../../fault.ts';
import type { WebContext } from '../context.ts';
import { linkLastsMs, makeLink } from '../people/links.ts';
import { roles } from '../people/may.ts';
import {
  findPeople,
  type Person,
  personLine,
  personOfId,
  putPerson,
  readPersonName,
  removePerson,
} from '../people/people.ts';
import { linkAddress } from '../people/sign-in.ts';
import { createToken, findTokens, revokeToken, type Token, tokenLine } from '../people/tokens.ts';
import { nothingHere, wrongRequest } from '../problem.ts';
import { type Found, idIn, type KnownCall } from '../route.ts';
import { pagedList } from './cursor.ts';
import { type Endpoint, ofOne, ofService } from './endpoint.ts';
import { madeToken, person, signInLink, token } from './operation-shapes.ts';
import { scopeBody, wantedScope } from './scope-body.ts';
import { pageOf, shortListing } from './shapes.ts';

const tag = 'people';

const role = z.enum(roles).optional();

const peopleEndpoint = (ctx: WebContext): Endpoint =>
  ofService(
    ctx,
    {
      ...{ method: 'get', path: '/people', needs: 'people.read', tag, answer: pageOf(person) },
      summary: 'who may sign in, and what they see',
      query: { ...shortListing, role, name: z.string().optional() },
    },
    async ({ query }) => {
      const all = (await findPeople(ctx.store.read)).map(personLine);
      const wanted = all.filter(
        (one) => (query.role ?? one.role) === one.role && (query.name?.toLowerCase() ?? one.name) === one.name,
      );
      return pagedList(query, wanted);
    },
  );

const nameIn = (text: string): string => {
  const name = readPersonName(text);
  if (name !== undefined) return name;
  throw wrongRequest('name', 'it is neither a mail address nor a name', 'for example: ops@example.test, or: ops');
};

const addEndpoint = (ctx: WebContext): Endpoint =>
  ofService(
    ctx,
    {
      ...{ method: 'post', path: '/people', needs: 'people.write', tag, answer: person },
      summary: 'lets a person sign in, or changes what one may see',
      details: 'Whoever has the name already gets the new scope, and is signed in no less than before.',
      body: { name: z.string().openapi({ example: 'kim@brand.example' }), ...scopeBody },
    },
    async ({ call, body }) => {
      const scope = wantedScope(ctx, body);
      const put = await putPerson(ctx.store, nameIn(body.name), scope, ctx.clock.now());
      call.concerns(`person ${put.id} is ${scope.role}`);
      return personLine(put);
    },
  );

const personFound =
  (ctx: WebContext) =>
  async (call: KnownCall): Promise<Found<Person> | undefined> => {
    const id = idIn(call);
    const thing = id === undefined ? undefined : await personOfId(ctx.store.read, id);
    return thing && { thing, subject: {}, name: `person ${thing.id}` };
  };

const ofPerson = { id: 'of the person' };

const removeEndpoint = (ctx: WebContext): Endpoint =>
  ofOne(
    ctx,
    {
      ...{ method: 'delete', path: '/people/{id}', needs: 'people.write', tag, params: ofPerson },
      summary: 'takes the right to sign in away; what is open of theirs ends at once',
      answer: z.object({ name: z.string(), removed: z.literal(true) }),
    },
    personFound(ctx),
    async ({ call, thing: { id, name } }) => {
      if (!(await removePerson(ctx.store, name, ctx.clock.now()))) throw nothingHere();
      call.concerns(`person ${id} removed`);
      return { name, removed: true };
    },
  );

const linkEndpoint = (ctx: WebContext): Endpoint =>
  ofOne(
    ctx,
    {
      ...{ method: 'post', path: '/people/{id}/sign-in-link', needs: 'people.write', tag, params: ofPerson },
      summary: 'makes a link with which a person signs in, once, within 15 minutes',
      details: 'It is shown here and nowhere else: a repeated request answers with `link: null`.',
      ...{ status: 201, answer: signInLink, shownOnce: ['link'] },
    },
    personFound(ctx),
    async ({ call, thing: { id, name } }) => {
      const now = ctx.clock.now();
      const link = linkAddress(ctx.settings().base, await makeLink(ctx.store, id, now));
      call.concerns(`sign-in link for person ${id}`);
      return { name, link, goodUntil: isoInstant(now + linkLastsMs) };
    },
  );

const isEnded = ({ revokedAt, expiresAt }: Token, now: number): boolean => revokedAt !== null || expiresAt <= now;

const tokensEndpoint = (ctx: WebContext): Endpoint =>
  ofService(
    ctx,
    {
      ...{ method: 'get', path: '/tokens', needs: 'tokens.read', tag, answer: pageOf(token) },
      summary: 'the tokens, without themselves',
      query: { ...shortListing, role, state: z.enum(['good', 'ended']).optional() },
    },
    async ({ query }) => {
      const now = ctx.clock.now();
      const wanted = (await findTokens(ctx.store.read))
        .filter(({ scope }) => (query.role ?? scope.role) === scope.role)
        .filter((one) => query.state === undefined || isEnded(one, now) === (query.state === 'ended'));
      return pagedList(query, wanted.map(tokenLine));
    },
  );

const dayMs = 86_400_000;

const createEndpoint = (ctx: WebContext): Endpoint =>
  ofService(
    ctx,
    {
      ...{ method: 'post', path: '/tokens', needs: 'tokens.write', tag, status: 201 },
      summary: 'makes a token for a program, and shows it once',
      details: 'Only its SHA-256 is kept, so it cannot be shown again: a repeated request answers with `token: null`.',
      body: {
        ...{ name: z.string().trim().min(1).max(200).optional(), ...scopeBody },
        expiresInDays: z.number().int().min(1).max(366).default(90),
      },
      ...{ answer: madeToken, shownOnce: ['token'] },
    },
    async ({ call, body }) => {
      const scope = wantedScope(ctx, body);
      const lasts = body.expiresInDays * dayMs;
      const about = { name: body.name ?? scope.role, scope, lasts, now: ctx.clock.now() };
      const made = await createToken(ctx.store, about);
      call.concerns(`token ${made.token.id}`);
      return { ...tokenLine(made.token), token: made.text };
    },
  );

const tokenFound =
  (ctx: WebContext) =>
  async ({ params }: KnownCall): Promise<Found<Token> | undefined> => {
    const thing = (await findTokens(ctx.store.read)).find(({ id }) => id === params['id']);
    return thing && { thing, subject: {}, name: `token ${thing.id}` };
  };

const revokeEndpoint = (ctx: WebContext): Endpoint =>
  ofOne(
    ctx,
    {
      ...{ method: 'delete', path: '/tokens/{id}', needs: 'tokens.write', tag, params: { id: 'of the token' } },
      ...{ summary: 'ends a token at once', answer: z.object({ id: z.string(), revoked: z.literal(true) }) },
    },
    tokenFound(ctx),
    async ({ call, thing: { id } }) => {
      if (!(await revokeToken(ctx.store, id, ctx.clock.now())))
        throw new Fault({
          ...{ operation: 'revoke', object: `token ${id}`, reason: 'it was revoked before', next: 'refuse' },
          ...{ hint: 'nothing is left to do', code: 'is-revoked' },
        });
      call.concerns(`token ${id} revoked`);
      return { id, revoked: true };
    },
  );

/** Who may sign in, and the tokens of programs. */
export const peopleEndpoints = (ctx: WebContext): Endpoint[] => [
  peopleEndpoint(ctx),
  addEndpoint(ctx),
  removeEndpoint(ctx),
  linkEndpoint(ctx),
  tokensEndpoint(ctx),
  createEndpoint(ctx),
  revokeEndpoint(ctx),
];
