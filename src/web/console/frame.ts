import { html } from 'hono/html';
import { type Action, mayEver } from '../people/may.ts';
import { type Html, pageAnswer } from '../page.ts';
import type { KnownCall } from '../route.ts';
import { scriptPath, stylePath } from './assets.ts';

interface Place {
  path: string;
  title: string;
  needs: Action;
}

/** The pages that the navigation names; each person sees those that their role has. */
const places: readonly Place[] = [
  { path: '/submissions', title: 'File submissions', needs: 'submissions.read' },
  { path: '/deliveries', title: 'Deliveries', needs: 'deliveries.read' },
  { path: '/batches', title: 'Batches', needs: 'batches.read' },
  { path: '/trace', title: 'Trace', needs: 'trace.read' },
  { path: '/schedule', title: 'Schedule', needs: 'schedule.read' },
  { path: '/import', title: 'Import', needs: 'submissions.submit' },
  { path: '/export', title: 'Export', needs: 'frames.export' },
  { path: '/event-types', title: 'Event types', needs: 'eventTypes.read' },
  { path: '/drops', title: 'Drops', needs: 'drops.read' },
];

/** What a page shows between the console's frame. */
export interface ConsolePage {
  title: string;
  body: Html;
}

const navigation = (call: KnownCall): Html => {
  const current = (path: string) => call.url.pathname === path || call.url.pathname.startsWith(`${path}/`);
  const shown = places.filter(({ needs }) => mayEver(call.asker.scope, needs));
  return html`<nav aria-label="Pages">
    <ul>
      ${shown.map(
        ({ path, title }) =>
          html`<li><a href="${path}" ${current(path) ? html`aria-current="page"` : ''}>${title}</a></li>`,
      )}
    </ul>
  </nav>`;
};

const who = ({ asker }: KnownCall): Html =>
  html`<div class="who">
    <span>${asker.who.name} <span class="quiet">(${asker.scope.role})</span></span>
    ${
      asker.session
        ? html`<form class="inline" method="post" action="/sign-out">
            ${formToken(asker.session.formToken)}<button class="link">Sign out</button>
          </form>`
        : ''
    }
  </div>`;

const formToken = (token: string): Html => html`<input type="hidden" name="formToken" value="${token}" />`;

/** What every form that writes carries: without it a request is not ours. */
export const ownForm = ({ asker }: KnownCall): Html => (asker.session ? formToken(asker.session.formToken) : html``);

const keys = html`<dialog id="keys" aria-label="Keys">
  <p><kbd>/</kbd> to the filter</p>
  <p><kbd>j</kbd> <kbd>k</kbd> next and previous line, <kbd>Enter</kbd> opens it</p>
  <p><kbd>?</kbd> this list</p>
  <form method="dialog"><button>Close</button></form>
</dialog>`;

/** A page of the console for the one who asks. */
export const consolePage = (call: KnownCall, { title, body }: ConsolePage, status = 200): Promise<Response> =>
  pageAnswer(
    html`<!doctype html>
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <title>${title} · Nightdrop</title>
          <link rel="icon" href="data:," />
          <link rel="stylesheet" href="${stylePath}" />
          <script type="module" src="${scriptPath}"></script>
        </head>
        <body>
          <a class="skip" href="#content">To the content</a>
          <header class="top">
            <a class="brand" href="/overview">Nightdrop</a>
            ${navigation(call)} ${who(call)}
          </header>
          <main id="content">${body}</main>
          ${keys}
        </body>
      </html> `,
    status,
  );

/** After a form has done its work: back to a page, so that reloading it repeats nothing. */
export const backTo = (path: string): Response => new Response(null, { status: 303, headers: { Location: path } });

/**
 * What a form says its page showed, such as how often a thing was released; undefined where it says nothing. What is no
 * number matches nothing.
 */
export const shownIn = (form: URLSearchParams, name: string): number | undefined =>
  form.has(name) ? Number(form.get(name)) : undefined;
