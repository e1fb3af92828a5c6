import { html } from 'hono/html';
import type { WebContext } from '../context.ts';
import { page, pageAnswer } from '../page.ts';
import type { Call, Route } from '../route.ts';
import { cookieIn, cookieName, sessionCookie } from './asker.ts';
import { type GateState, Wait } from './gate.ts';
import { linkLastsMs } from './links.ts';
import { networkOf } from './network.ts';
import { personName } from './people.ts';
import { readProof } from './proof.ts';
import { absoluteMs, endSession } from './sessions.ts';
import { askForLink, mailsLinks, signIn } from './sign-in.ts';

const askPage = (mails: boolean) =>
  page(
    'Sign in',
    html`<h1>Sign in</h1>
      ${
        mails
          ? html`<form method="post" action="/sign-in">
                <p><label for="name">Your mail address</label></p>
                <p>
                  <input id="name" name="name" type="email" autocomplete="email" required />
                  <button>Mail me a link</button>
                </p>
              </form>
              <p>The link is good once, for ${linkLastsMs / 60_000} minutes.</p>`
          : html`<p>
              This service mails no links: <code>mail.relay</code> and <code>web.url</code> are not both configured.
            </p>`
      }
      <p>Who runs the service can print a link: <code>npx nightdrop sign-in NAME</code></p>`,
  );

const askedPage = () =>
  page(
    'Look into your mail',
    html`<h1>Look into your mail</h1>
      <p>If the address is known here, a link is on its way. It is good once, for ${linkLastsMs / 60_000} minutes.</p>
      <p><a href="/sign-in">Back</a></p>`,
  );

/** Opening a link does nothing yet: programs that look at links in mails must not use them up. */
const linkPage = (proof: string) =>
  page(
    'Sign in',
    html`<h1>Sign in</h1>
      <form method="post" action="/sign-in/${proof}"><button autofocus>Sign in to Nightdrop</button></form>`,
  );

const worthlessPage = () =>
  page(
    'This link is not good',
    html`<h1>This link is not good</h1>
      <p>It was used before, is older than ${linkLastsMs / 60_000} minutes, or was cut off on its way.</p>
      <p><a href="/sign-in">Ask for another</a></p>`,
  );

const redirect = (to: string, cookie: string): Response =>
  new Response(null, { status: 303, headers: { Location: to, 'Set-Cookie': cookie } });

const redeem = async (ctx: WebContext, { peers }: GateState, call: Call): Promise<Response> => {
  const now = ctx.clock.now();
  const from = networkOf(call.peer);
  const waits = peers.waits(from, now);
  if (waits > 0) throw new Wait(waits);
  const secure = isSecure(ctx);
  const ended = cookieIn(call.header('cookie'), cookieName(secure));
  const cookie = await signIn(ctx, call.params['proof'] ?? '', { peer: call.peer, ended });
  if (cookie === undefined) {
    peers.wrong(from, now);
    return pageAnswer(worthlessPage(), 400);
  }
  peers.right(from);
  return redirect('/overview', sessionCookie(cookie, secure, absoluteMs / 1000));
};

const isSecure = (ctx: WebContext): boolean => ctx.settings().url?.startsWith('https:') === true;

/** The same answer for every address; one that was asked for often must wait, so that nobody's mailbox is filled. */
const ask = async (ctx: WebContext, { names, peers }: GateState, call: Call): Promise<Response> => {
  const name = personName((await call.form()).get('name') ?? '').slice(0, 320);
  const now = ctx.clock.now();
  const asked = `asks ${networkOf(call.peer)}`;
  const waits = Math.max(names.waits(name, now), peers.waits(asked, now));
  names.wrong(name, now);
  peers.wrong(asked, now);
  if (waits > 0) throw new Wait(waits);
  askForLink(ctx, name);
  return pageAnswer(askedPage());
};

/** Signing in and out. */
export const signInRoutes = (ctx: WebContext, state: GateState): Route[] => [
  {
    method: 'get',
    path: '/sign-in',
    face: 'page',
    needs: 'open',
    run: () => pageAnswer(askPage(mailsLinks(ctx))),
  },
  { method: 'post', path: '/sign-in', face: 'page', needs: 'open', run: (call) => ask(ctx, state, call) },
  {
    method: 'get',
    path: '/sign-in/:proof',
    face: 'page',
    needs: 'open',
    run: ({ params }) => {
      const proof = params['proof'] ?? '';
      // Anything else could lead the button to another form of ours.
      return readProof(proof) ? pageAnswer(linkPage(proof)) : pageAnswer(worthlessPage(), 400);
    },
  },
  { method: 'post', path: '/sign-in/:proof', face: 'page', needs: 'open', run: (call) => redeem(ctx, state, call) },
  {
    method: 'post',
    path: '/sign-out',
    face: 'page',
    needs: 'signed-in',
    run: async ({ asker }) => {
      if (asker.session) await endSession(ctx.store, asker.session.id);
      return redirect('/sign-in', sessionCookie(undefined, isSecure(ctx), 0));
    },
  },
];
