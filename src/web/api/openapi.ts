import { OpenAPIHono, type RouteConfig, z } from '@hono/zod-openapi';
import type { Endpoint, Told } from './endpoint.ts';
import { root } from './endpoint.ts';
import { problem } from './shapes.ts';

const json = (schema: z.ZodType, description: string) => ({ description, content: { 'application/json': { schema } } });

const asProblem = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: problem } },
});

const file = (media: string) => ({
  description: 'the bytes, with their name in Content-Disposition',
  content: { [media]: { schema: z.string().openapi({ format: 'binary' }) } },
});

const key = z
  .string()
  .max(200)
  .optional()
  .openapi({ description: 'the same key gets the same answer for 24 hours, and the work is done once' });

const bodyOf = ({ body, takes }: Told): NonNullable<RouteConfig['request']>['body'] => {
  if (takes) {
    const bytes = { schema: z.string().openapi({ format: 'binary' }) };
    return { required: true, content: Object.fromEntries(takes.map((type) => [type, bytes])) };
  }
  return body ? { content: { 'application/json': { schema: z.strictObject(body) } } } : undefined;
};

const requestOf = (told: Told): NonNullable<RouteConfig['request']> => {
  const { method, params, query } = told;
  const body = bodyOf(told);
  const names = Object.entries(params ?? {}).map(([name, description]) => [name, z.string().openapi({ description })]);
  return {
    ...(names.length > 0 ? { params: z.object(Object.fromEntries(names) as Record<string, z.ZodString>) } : {}),
    ...(query ? { query: z.strictObject(query) } : {}),
    ...(method === 'get' ? {} : { headers: z.object({ 'Idempotency-Key': key }) }),
    ...(body ? { body } : {}),
  };
};

/** What any endpoint may answer instead, and what only those that write, or that give away a file. */
const problems = {
  any: {
    400: 'the request is wrong: which part, and what would be right',
    401: 'nobody is signed in, or the token is not good',
    403: 'the role may not do this at all, or the request came from a page of another site',
    404: 'there is no such thing, or it is not yours',
    409: 'the thing stands otherwise',
    429: 'too many requests; Retry-After says when to come again',
    500: "this did not work; the service's log says why",
    503: 'this cannot be done now; try again in a moment',
  },
  writing: {
    413: 'the body is too large',
    422: 'the Idempotency-Key was sent with another request before',
  },
  file: { 410: 'the bytes were let go of after their time of retention' },
};

const problemsOf = ({ method, answer }: Told): RouteConfig['responses'] => {
  const told = {
    ...problems.any,
    ...(method === 'get' ? {} : problems.writing),
    ...(answer === 'file' ? problems.file : {}),
  };
  return Object.fromEntries(Object.entries(told).map(([status, text]) => [status, asProblem(text)]));
};

const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);

/** `post /deliveries/{id}/resend` → `postDeliveriesByIdResend`: what programs made from the description call it. */
const operationId = ({ method, path }: Told): string => {
  const words = path.split(/[/-]/).filter((word) => word !== '');
  return (
    method + words.map((word) => (word.startsWith('{') ? `By${capital(word.slice(1, -1))}` : capital(word))).join('')
  );
};

const configOf = (told: Told): RouteConfig => {
  const { method, path, needs, tag, summary, details, answer, media = 'application/octet-stream', status = 200 } = told;
  const may = needs === 'signed-in' ? 'For everybody who is known.' : `Needs \`${needs}\`.`;
  return {
    ...{ method, path: `${root}${path}`, tags: [tag], summary, operationId: operationId(told) },
    description: [details, may].filter((part) => part !== undefined).join('\n\n'),
    request: requestOf(told),
    responses: { [status]: answer === 'file' ? file(media) : json(answer, summary), ...problemsOf(told) },
  };
};

/** The OpenAPI 3.1 description of these endpoints. */
export const describe = (endpoints: readonly Endpoint[], version: string): object => {
  const app = new OpenAPIHono();
  for (const { told } of endpoints) app.openAPIRegistry.registerPath(configOf(told));
  app.openAPIRegistry.registerComponent('securitySchemes', 'token', { type: 'http', scheme: 'bearer' });
  app.openAPIRegistry.registerComponent('securitySchemes', 'session', {
    type: 'apiKey',
    in: 'cookie',
    name: 'nightdrop',
  });
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: { title: 'Nightdrop', version, description: 'What the command line shows and does, over HTTP.' },
    servers: [{ url: '/' }],
    security: [{ token: [] }, { session: [] }],
  });
};
