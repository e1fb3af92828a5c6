import { html } from 'hono/html';
import { type Html, page } from '../page.ts';
import { root } from './endpoint.ts';
import { type FieldWords, fieldsOf, fieldWords, kindOf, type Schema } from './schema-words.ts';

interface Parameter {
  name: string;
  in: string;
  required: boolean;
  schema: Schema;
}

interface Content {
  content?: Record<string, { schema: Schema }>;
}

/** An operation as the description has it. */
interface Operation {
  operationId: string;
  tags: string[];
  summary: string;
  description: string;
  parameters?: Parameter[];
  requestBody?: Content;
  responses: Record<string, Content & { description: string }>;
}

/** As much of the description as the page tells. */
export interface Described {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}

/** Text of ours with `code` in it. */
const prose = (text: string): Html[] =>
  text.split('`').map((part, i) => (i % 2 === 0 ? html`${part}` : html`<code>${part}</code>`));

const fieldItem = ({ name, kind, required, description }: FieldWords, asked: boolean): Html =>
  html`<li>
    <code>${name}</code>:
    ${kind}${asked && required ? ' (needed)' : ''}${description === undefined ? '' : html`; ${prose(description)}`}
  </li>`;

const fieldList = (title: string, fields: readonly FieldWords[], asked: boolean): Html =>
  fields.length === 0
    ? html``
    : html`<p>${title}</p>
        <ul>
          ${fields.map((field) => fieldItem(field, asked))}
        </ul>`;

const bodyPart = ({ requestBody }: Operation): Html => {
  const all = Object.entries(requestBody?.content ?? {});
  const json = requestBody?.content?.['application/json'];
  if (json) return fieldList('In the body, as JSON:', fieldsOf(json.schema), true);
  return all.length === 0 ? html`` : html`<p>The body is the file: ${all.map(([media]) => media).join(', ')}.</p>`;
};

const answerPart = ({ responses }: Operation): Html => {
  const [status, answer] = Object.entries(responses).find(([code]) => code.startsWith('2')) ?? [];
  const [media, { schema }] = Object.entries(answer?.content ?? {})[0] ?? ['', { schema: {} }];
  if (media !== 'application/json') return html`<p>Answers ${status} with a file (${media}).</p>`;
  const ref = kindOf(schema);
  if ('$ref' in schema) return html`<p>Answers ${status} with <a href="#${ref}">${ref}</a>.</p>`;
  const [items] = fieldsOf(schema).filter(({ name }) => name === 'items');
  if (!items) return fieldList(`Answers ${status} with:`, fieldsOf(schema), false);
  const of = items.kind.replace('list of: ', '');
  return html`<p>Answers ${status} with a page of <a href="#${of}">${of}</a>.</p>`;
};

const entry = (method: string, path: string, operation: Operation): Html => {
  const { operationId, summary, description, parameters = [] } = operation;
  const asked = parameters.filter(({ in: where }) => where === 'path' || where === 'query');
  const fields = asked.map(({ name, schema, required }) => fieldWords(name, schema, required));
  return html`<section id="${operationId}">
    <h3><code>${method.toUpperCase()} ${path}</code></h3>
    <p>${summary}.</p>
    ${description.split('\n\n').map((part) => html`<p>${prose(part)}</p>`)}
    ${fieldList('In the address:', fields, true)} ${bodyPart(operation)} ${answerPart(operation)}
  </section>`;
};

interface Placed {
  method: string;
  path: string;
  operation: Operation;
}

const idOf = (tag: string): string => `of-${tag.replaceAll(' ', '-')}`;

const group = (tag: string, all: readonly Placed[]): Html =>
  html`<h2 id="${idOf(tag)}">${tag}</h2>
    ${all
      .filter(({ operation }) => operation.tags.includes(tag))
      .map(({ method, path, operation }) => entry(method, path, operation))}`;

const shape = ([name, schema]: [string, Schema]): Html =>
  html`<section id="${name}">
    <h3>${name}</h3>
    ${fieldList('Holds:', fieldsOf(schema), false)}
  </section>`;

const about = html`<p>
    For programs: <a href="/openapi.json">/openapi.json</a> (OpenAPI 3.1). A token goes with each request:
  </p>
  <pre><code>curl -H "Authorization: Bearer nightdrop_…" ${root}/batches</code></pre>
  <p>
    Lists answer <code>{"items": […], "next": …}</code>: give <code>next</code> as <code>cursor</code> for the next
    page. Errors are <code>application/problem+json</code> with <code>reason</code>, <code>hint</code> and a stable
    <code>code</code>. A writing request may carry an <code>Idempotency-Key</code>: the same key gets the same answer
    for 24 hours. Whoever asks too often is answered 429 with <code>Retry-After</code>.
  </p>`;

/** The API for people who read: what `/openapi.json` says to programs, and nothing beside it. */
export const referencePage = ({ paths, components }: Described): Html => {
  const all = Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]): Placed => ({ method, path, operation })),
  );
  const tags = [...new Set(all.flatMap(({ operation }) => operation.tags))];
  return page(
    'Nightdrop API',
    html`<h1>Nightdrop API</h1>
      ${about}
      <p>
        ${tags.map((tag) => html`<a href="#${idOf(tag)}">${tag}</a> `)}
        <a href="#of-answers">what the answers hold</a>
      </p>
      ${tags.map((tag) => group(tag, all))}
      <h2 id="of-answers">What the answers hold</h2>
      ${Object.entries(components.schemas).map(shape)}`,
  );
};
