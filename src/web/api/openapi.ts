import { OpenAPIHono, type RouteConfig, z } from '@hono/zod-openapi';
import type { Endpoint, Told } from './endpoint.ts';
import { root } from './endpoint.ts';
import { problem } from './shapes.ts';

const json = (schema: z.ZodType, description: string) => ({ description, content: { 'application/json': { schema } } });

const asProblem = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: problem } },
});

const file = {
  description: 'the bytes, with their name in Content-Disposition',
  content: { 'application/octet-stream': { schema: z.string().openapi({ format: 'binary' }) } },
};

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

const configOf = (told: Told): RouteConfig => {
  const { method, path, needs, tag, summary, details, answer, status = 200 } = told;
  const may = needs === 'signed-in' ? 'For everybody who is known.' : `Needs \`${needs}\`.`;
  return {
    ...{ method, path: `${root}${path}`, tags: [tag], summary },
    description: [details, may].filter((part) => part !== undefined).join('\n\n'),
    request: requestOf(told),
    responses: {
      [status]: answer === 'file' ? file : json(answer, summary),
      400: asProblem('the request is wrong: which part, and what would be right'),
      401: asProblem('nobody is signed in, or the token is not good'),
      403: asProblem('the role may not do this at all'),
      404: asProblem('there is no such thing, or it is not yours'),
      409: asProblem('the thing stands otherwise'),
      429: asProblem('too many requests; Retry-After says when to come again'),
    },
  };
};

/** The OpenAPI 3.1 description of these endpoints. */
export const describe = (endpoints: readonly Endpoint[], version: string): object => {
  const app = new OpenAPIHono();
  for (const { told } of endpoints) app.openAPIRegistry.registerPath(configOf(told));
  app.openAPIRegistry.registerComponent('securitySchemes', 'token', { type: 'http', scheme: 'bearer' });
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: { title: 'Nightdrop', version, description: 'What the command line shows and does, over HTTP.' },
    servers: [{ url: '/' }],
    security: [{ token: [] }],
  });
};
