import { html } from 'hono/html';
import { type Html, page } from '../page.ts';
import { type Endpoint, root, type Told } from './endpoint.ts';

const names = (told: Told): string[] => [
  ...Object.keys(told.query ?? {}),
  ...Object.keys(told.body ?? {}).map((name) => `${name} (in the body)`),
];

const entry = ({ told }: Endpoint): Html => {
  const { method, path, summary, details, needs } = told;
  const takes = names(told);
  return html`<section>
    <h3><code>${method.toUpperCase()} ${root}${path}</code></h3>
    <p>${summary}.</p>
    ${details === undefined ? '' : html`<p>${details}</p>`}
    <p>${takes.length === 0 ? '' : `Takes ${takes.join(', ')}. `}Needs ${needs}.</p>
  </section>`;
};

const group = (tag: string, endpoints: readonly Endpoint[]): Html =>
  html`<h2>${tag}</h2>
    ${endpoints.filter(({ told }) => told.tag === tag).map(entry)}`;

/** The API for people who read: what `/openapi.json` says to programs. */
export const referencePage = (endpoints: readonly Endpoint[]): Html =>
  page(
    'Nightdrop API',
    html`<h1>Nightdrop API</h1>
      <p>For programs: <a href="/openapi.json">/openapi.json</a> (OpenAPI 3.1). A token goes with each request:</p>
      <pre><code>curl -H "Authorization: Bearer nightdrop_…" ${root}/batches</code></pre>
      <p>
        Lists answer <code>{"items": […], "next": …}</code>: give <code>next</code> as <code>cursor</code> for the next
        page. Errors are <code>application/problem+json</code> with <code>reason</code>, <code>hint</code> and a stable
        <code>code</code>. A writing request may carry an <code>Idempotency-Key</code>: the same key gets the same
        answer for 24 hours.
      </p>
      ${[...new Set(endpoints.map(({ told }) => told.tag))].map((tag) => group(tag, endpoints))}`,
  );
