import { html, raw } from 'hono/html';
import type { Problem } from './problem.ts';

/** Text of a page. What is put into it by the template is escaped, whatever it holds. */
export type Html = ReturnType<typeof html>;

/** The style of the pages without the console. */
export const plainStyle = `body { font: 1rem/1.5 system-ui, sans-serif; max-width: 38rem; margin: 4rem auto; padding: 0 1rem; color: #1b1f24; background: #fff; }
code { background: #eef1f4; padding: 0 .3em; border-radius: 3px; }
a { color: #0b57a4; }
input, button { font: inherit; padding: .4rem .6rem; }
table { border-collapse: collapse; }
th, td { text-align: left; padding: .2rem .8rem .2rem 0; vertical-align: top; }
@media (prefers-color-scheme: dark) { body { color: #e6e9ec; background: #16191d; } code { background: #2a2f36; } a { color: #7fb5f0; } }
`;

/** A whole page. */
export const page = (title: string, body: Html): Html =>
  html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href="/plain.css" />
      </head>
      <body>
        <main>${body}</main>
      </body>
    </html> `;

/** What turns the direction of the text behind it, or hides in it: shown by its number, so that a name is what it seems. */
const turning = /[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]/g;

const shownByNumber = (found: string): string =>
  `[U+${found.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}]`;

/** A page as it is sent. No page of ours holds such a character; what comes from outside may. */
export const pageAnswer = async (text: Html, status = 200, headers: Record<string, string> = {}): Promise<Response> =>
  new Response(String(await text).replace(turning, shownByNumber), {
    status,
    headers: { 'Content-Type': 'text/html; charset=utf-8', ...headers },
  });

/** What a person sees of an error. */
export const problemPage = ({ title, reason, hint }: Problem): Html =>
  page(
    title,
    html`<h1>${title}</h1>
      <p>${reason}.</p>
      <p>What to do: ${hint}.</p>
      <p><a href="/">To the front page</a></p>`,
  );

const alertsText = (open: number): Html =>
  open === 0
    ? html`<p>Nothing needs a person: no alert is open.</p>`
    : html`<p>
        <strong>${open} open ${open === 1 ? 'alert' : 'alerts'}</strong>: sign in to read ${open === 1 ? 'it' : 'them'}.
      </p>`;

/** What a person finds at `/` who is not signed in: nothing that belongs to somebody. */
export const frontPage = (version: string, openAlerts: number): Html =>
  page(
    'Nightdrop',
    html`<h1>Nightdrop</h1>
      ${alertsText(openAlerts)}
      <p>
        A scheduled batch file exchange: every night a file with only the new transactions, frozen once, on the
        partner's own drop. This is version ${version}; it is running.
      </p>
      <ul>
        <li><a href="/overview">/overview</a>: the console, for people</li>
        <li><a href="/api/v1/">/api/v1/</a>: for programs</li>
        <li><a href="/healthz">/healthz</a>: the process lives</li>
        <li><a href="/readyz">/readyz</a>: database, spool and scheduler work</li>
        <li><a href="/metrics">/metrics</a>: figures for Prometheus</li>
      </ul>
      <p>On the command line: <code>npx nightdrop --help</code></p>`,
  );

/** Text that is safe as it is: our own constants only. */
export const ours = (text: string) => raw(text);
