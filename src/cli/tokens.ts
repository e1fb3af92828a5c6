import { isoInstant } from '../clock.ts';
import { durationMs } from '../settings/values.ts';
import { createToken, findTokens, revokeToken, type Token, tokenLine } from '../web/people/tokens.ts';
import { argument, textOption, wrongUse } from './arguments.ts';
import { recordByHand } from './by-hand.ts';
import type { Call, CliCommand } from './command.ts';
import { exit } from './exit-code.ts';
import { moment, table } from './output.ts';
import { scopeOf, scopeOptions, scopeText } from './scope.ts';
import { withApp } from './wire.ts';

const defaultLasts = '90d';
const longestMs = 366 * 86_400_000;

const lastsOf = (call: Call): number => {
  const text = textOption(call, 'expires') ?? defaultLasts;
  const ms = durationMs(text);
  if (ms === undefined || ms > longestMs)
    throw wrongUse('--expires', `"${text}" is not a time of at most a year`, 'for example: 90d');
  return ms;
};

export const tokenCreate: CliCommand = {
  name: 'token create',
  args: [],
  options: [
    ...scopeOptions,
    { flags: '--name <text>', text: 'what it is for; shown in lists and in the audit list' },
    { flags: '--expires <time>', text: `how long it is good, at most a year (default: ${defaultLasts})` },
  ],
  summary: 'makes a token for a program, and shows it once',
  details:
    'The program sends it with each request to /api/v1: "Authorization: Bearer …". Only its SHA-256 is kept, so it cannot ' +
    'be shown again; whoever has it may do what its role may, so keep it like a password.',
  examples: [
    ['token create --role partner --partner acme --name loader', 'reads the batches of all feeds of acme'],
    ['token create --role advertiser --event-types 4521 --expires 30d', 'submits files for one event type'],
  ],
  run: (call, session) =>
    withApp(session, async (app) => {
      const scope = scopeOf(call, app.settings);
      const name = textOption(call, 'name')?.trim() || scope.role;
      const now = app.clock.now();
      const { token, text } = await createToken(app.store, { name, scope, lasts: lastsOf(call), now });
      await recordByHand(app, 'tokens.write', `token ${token.id}`);
      session.out.answer({ ...tokenLine(token), token: text }, (made) =>
        [made.token, `Shown this once. Good until ${moment(made.expiresAt)} for ${scopeText(scope)}.`].join('\n'),
      );
      return exit.done;
    }),
};

const state = ({ revokedAt, expiresAt }: Token, now: number): string => {
  if (revokedAt !== null) return `revoked ${moment(isoInstant(revokedAt))}`;
  return expiresAt <= now ? 'expired' : '';
};

export const tokenList: CliCommand = {
  name: 'token list',
  args: [],
  options: [],
  summary: 'the tokens: what each is for, what it may see, when it was last used',
  examples: [['token list', 'those that have ended too']],
  run: (_call, session) =>
    withApp(session, async ({ store, clock }) => {
      const found = await findTokens(store.read);
      const columns = [
        { title: 'id', text: (token: Token) => token.id },
        { title: 'name', text: (token: Token) => token.name },
        { title: 'role', text: (token: Token) => token.scope.role },
        { title: 'sees', text: (token: Token) => scopeText(token.scope) },
        { title: 'expires at', text: (token: Token) => moment(isoInstant(token.expiresAt)) },
        { title: 'last used', text: (token: Token) => moment(token.usedAt === null ? null : isoInstant(token.usedAt)) },
        { title: '', text: (token: Token) => state(token, clock.now()) },
      ];
      session.out.answer(found.map(tokenLine), () => table(found, columns, 'No token yet.'));
      return exit.done;
    }),
};

export const tokenRevoke: CliCommand = {
  name: 'token revoke',
  args: [{ name: '<id>', text: 'of the token, as "token list" shows it' }],
  options: [],
  summary: 'ends a token at once',
  examples: [['token revoke 0123456789abcdef', 'its next request is answered with 401']],
  run: (call, session) =>
    withApp(session, async (app) => {
      const id = argument(call, 0);
      if (!(await revokeToken(app.store, id, app.clock.now())))
        throw wrongUse(
          `the token "${id}"`,
          'there is no such token, or it was revoked before',
          'see: nightdrop token list',
        );
      await recordByHand(app, 'tokens.write', `token ${id} revoked`);
      session.out.answer({ id, revoked: true }, () => `The token ${id} is revoked.`);
      return exit.done;
    }),
};
