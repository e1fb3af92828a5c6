import { expect, test } from 'vitest';
import type { Store } from '../../../src/store/store.ts';
import { endpoints } from '../../../src/web/api/api.ts';
import { describe as describeApi } from '../../../src/web/api/openapi.ts';
import { actions } from '../../../src/web/people/may.ts';
import { describeStores } from '../../stores.ts';
import { openPlace } from '../place.ts';
import { answerBreaksOf, breaksOf } from './described.ts';

type Node = Record<string, unknown>;

describeStores('the description of the API', (open) => {
  test('is OpenAPI 3.1, and tells of every endpoint that there is', async () => {
    const place = await openPlace(await open());
    const answer = await place.ask('/openapi.json');
    const document = answer.json<Node>();
    expect(breaksOf(document)).toEqual([]);
    const paths = document['paths'] as Record<string, Record<string, unknown>>;
    const told = Object.entries(paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method} ${path}`),
    );
    const real = endpoints(place.ctx).map(({ route, told: { method, path } }) => {
      expect(route.path).toBe(`/api/v1${path}`.replace(/\{(\w+)\}/g, ':$1'));
      return `${method} /api/v1${path}`;
    });
    expect(told.sort()).toEqual(real.sort());
    const page = await place.ask('/api/v1/');
    expect(page.status).toBe(200);
    for (const { told: one } of endpoints(place.ctx)) expect(page.text).toContain(`/api/v1${one.path}`);
    expect(page.text).not.toMatch(/(src|href)="(https?:)?\/\//);
    const leads = [...page.text.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id);
    expect(leads.length).toBeGreaterThan(50);
    for (const id of leads) expect(page.text).toContain(`id="${id}"`);
    expect(page.text).toContain('whole number from 1 to 500; 50 unless it is given');
  });
});

test('the checks of the description find what is wrong with one', () => {
  const schemas = {
    A: { type: 'object', properties: { at: { type: 'string', format: 'date-time', example: 'now' } } },
  };
  const wrong = {
    openapi: '3.0.0',
    info: { title: 'A' },
    paths: {
      '/a/{id}': { get: { operationId: 'a', parameters: [], responses: { 404: {} } } },
      '/a/{name}': { get: { operationId: 'a1', requestBody: {}, responses: { 200: { description: 'x' } } } },
      '/b': {
        get: {
          operationId: 'a1',
          parameters: [{ name: 'b', in: 'query', schema: { type: 'string', maxLenght: 3 } }],
          responses: { 200: { description: 'b', content: { json: { schema: { $ref: '#/components/schemas/B' } } } } },
        },
      },
    },
    security: [{ token: [] }],
    components: { schemas },
  };
  expect(breaksOf(wrong)).toEqual([
    'openapi is not 3.1',
    'info has no title or version',
    'get /a/{} is there twice',
    'the operationId a1 is there twice',
    'a is no operationId',
    'the example of A.at is no date-time: now',
    'security: token is not described',
    'get /a/{id}: parameters of the path',
    'get /a/{id}: no answer',
    'get /a/{id}: 404 has no description',
    'get /a/{name}: parameters of the path',
    'get /a/{name}: a body where none is read',
    'get /a/{name}: the body has no content',
    'get /b b: the keyword maxLenght is not known',
    'get /b 200: json is no media type',
    'get /b 200 json: #/components/schemas/B leads nowhere',
  ]);
});

test('an answer that is not as described is found', () => {
  const one = { type: 'object', properties: { id: { type: 'integer' } }, required: ['id'] };
  const content = { 'application/json': { schema: one } };
  const document = {
    paths: { '/a/{id}': { get: { responses: { 200: { description: 'a', content } } } } },
    components: {},
  };
  const breaks = (status: number, text: string, media = 'application/json') =>
    answerBreaksOf(document, 'GET', '/a/1', { status, media, text });
  expect(breaks(200, '{"id":1}')).toEqual([]);
  expect(breaks(200, '{"id":"1"}')).toEqual(['GET /a/1 → 200.id is string, not integer']);
  expect(breaks(200, '{}')).toEqual(['GET /a/1 → 200.id is missing']);
  expect(breaks(200, '{"id":1,"secret":2}')).toEqual(['GET /a/1 → 200.secret is not described']);
  expect(breaks(409, '{}')).toEqual(['GET /a/1 → 409: the status is not described']);
  expect(breaks(200, 'id', 'text/plain')).toEqual(['GET /a/1 → 200: text/plain is not described']);
});

test('every endpoint needs an action that is known', () => {
  const ctx = { store: {} as Store, settings: () => ({}) } as never;
  for (const { route } of endpoints(ctx)) expect([...actions, 'signed-in']).toContain(route.needs);
  expect(describeApi(endpoints(ctx), '1')).toMatchObject({ openapi: '3.1.0' });
});
