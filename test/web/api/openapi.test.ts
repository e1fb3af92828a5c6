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

interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  schema?: Node;
}

const parameterBreaks = (where: string, path: string, parameters: readonly Parameter[]): string[] => {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
  const told = parameters.filter((one) => one.in === 'path');
  const names = parameters.map((one) => `${one.in} ${one.name}`);
  const bare = parameters.filter(({ schema }) => !schemaKeys.some((key) => key in (schema ?? {})));
  return [
    ...(told.map(({ name }) => name).join() === inPath.join() ? [] : [`${where}: parameters of the path`]),
    ...told.filter(({ required }) => required !== true).map(({ name }) => `${where}: ${name} is not required`),
    ...bare.map(({ name }) => `${where}: ${name} has no schema`),
    ...(new Set(names).size === names.length ? [] : [`${where}: a parameter is there twice`]),
  ];
};

const answerBreaks = (where: string, responses: Record<string, Node>): string[] => [
  ...(Object.keys(responses).some((status) => status.startsWith('2')) ? [] : [`${where}: no answer`]),
  ...Object.entries(responses)
    .filter(([, { description }]) => typeof description !== 'string')
    .map(([status]) => `${where}: ${status} has no description`),
];

/** What of OpenAPI 3.1 a document of ours must keep; each break in a sentence. */
const breaksOf = (document: Node): string[] => {
  const components = document['components'] as Record<string, Node>;
  const leadsNowhere = (ref: string): boolean => {
    const [, kind = '', name = ''] = /^#\/components\/(\w+)\/([\w.-]+)$/.exec(ref) ?? [];
    return components[kind]?.[name] === undefined;
  };
  const paths = Object.entries(document['paths'] as Record<string, Record<string, Node>>);
  const operations = paths.flatMap(([path, item]) =>
    Object.entries(item).flatMap(([method, operation]) => [
      ...parameterBreaks(`${method} ${path}`, path, (operation['parameters'] ?? []) as Parameter[]),
      ...answerBreaks(`${method} ${path}`, operation['responses'] as Record<string, Node>),
    ]),
  );
  return [
    ...(/^3\.1\.\d$/.test(String(document['openapi'])) ? [] : ['openapi is not 3.1']),
    ...refsIn(document)
      .filter(leadsNowhere)
      .map((ref) => `${ref} leads nowhere`),
    ...operations,
  ];
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
