import { expect, test } from 'vitest';
import type { Store } from '../../../src/store/store.ts';
import { endpoints } from '../../../src/web/api/api.ts';
import { describe as describeApi } from '../../../src/web/api/openapi.ts';
import { actions } from '../../../src/web/people/may.ts';
import { describeStores } from '../../stores.ts';
import { openPlace } from '../place.ts';

type Node = Record<string, unknown>;

/** Every `$ref` in the document, wherever it stands. */
const refsIn = (node: unknown): string[] => {
  if (Array.isArray(node)) return node.flatMap(refsIn);
  if (typeof node !== 'object' || node === null) return [];
  return Object.entries(node).flatMap(([key, value]) => (key === '$ref' ? [String(value)] : refsIn(value)));
};

const schemaKeys = ['type', '$ref', 'anyOf', 'oneOf', 'allOf', 'enum', 'const', 'properties'];

/** What of OpenAPI 3.1 a document of ours must keep; each break in a sentence. */
const breaksOf = (document: Node): string[] => {
  const breaks: string[] = [];
  const operations = new Set<string>();
  if (!/^3\.1\.\d$/.test(String(document['openapi']))) breaks.push('openapi is not 3.1');
  const components = document['components'] as Record<string, Node>;
  for (const ref of refsIn(document)) {
    const [, kind = '', name = ''] = /^#\/components\/(\w+)\/([\w.-]+)$/.exec(ref) ?? [];
    if (components[kind]?.[name] === undefined) breaks.push(`${ref} leads nowhere`);
  }
  for (const [path, item] of Object.entries(document['paths'] as Record<string, Record<string, Node>>))
    for (const [method, operation] of Object.entries(item)) {
      const where = `${method} ${path}`;
      if (operations.has(where)) breaks.push(`${where} is there twice`);
      operations.add(where);
      const parameters = (operation['parameters'] ?? []) as {
        name: string;
        in: string;
        required?: boolean;
        schema?: Node;
      }[];
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();
      const told = parameters.filter((one) => one.in === 'path').map(({ name }) => name);
      if (JSON.stringify(told.sort()) !== JSON.stringify(inPath)) breaks.push(`${where}: parameters of the path`);
      for (const one of parameters) {
        if (one.in === 'path' && one.required !== true) breaks.push(`${where}: ${one.name} is not required`);
        if (!one.schema || !schemaKeys.some((key) => key in (one.schema ?? {})))
          breaks.push(`${where}: ${one.name} has no schema`);
      }
      const names = parameters.map((one) => `${one.in} ${one.name}`);
      if (new Set(names).size !== names.length) breaks.push(`${where}: a parameter is there twice`);
      const responses = operation['responses'] as Record<string, Node>;
      if (!Object.keys(responses).some((status) => status.startsWith('2'))) breaks.push(`${where}: no answer`);
      for (const [status, answer] of Object.entries(responses))
        if (typeof answer['description'] !== 'string') breaks.push(`${where}: ${status} has no description`);
    }
  return breaks;
};

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
  });
});

test('the checks of the description find what is wrong with one', () => {
  const wrong = {
    openapi: '3.0.0',
    paths: { '/a/{id}': { get: { parameters: [], responses: { 404: {} } } } },
    x: { $ref: '#/components/schemas/Nothing' },
    components: { schemas: {} },
  };
  expect(breaksOf(wrong)).toHaveLength(5);
});

test('every endpoint needs an action that is known', () => {
  const ctx = { store: {} as Store, settings: () => ({}) } as never;
  for (const { route } of endpoints(ctx)) expect([...actions, 'signed-in']).toContain(route.needs);
  expect(describeApi(endpoints(ctx), '1')).toMatchObject({ openapi: '3.1.0' });
});
