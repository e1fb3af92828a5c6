import { breaksIn, type Resolve, type Schema, schemaBreaks } from './json-schema.ts';

type Node = Record<string, unknown>;

export interface Operation {
  method: string;
  /** As the description has it: `/api/v1/deliveries/{id}`. */
  path: string;
  told: Node;
}

const methods = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'];

/** The operations of a description. */
export const operationsOf = (document: Node): Operation[] =>
  Object.entries(document['paths'] as Record<string, Record<string, Node>>).flatMap(([path, item]) =>
    Object.entries(item).map(([method, told]) => ({ method, path, told })),
  );

export const resolverOf =
  (document: Node): Resolve =>
  (ref) => {
    const [, name = ''] = /^#\/components\/schemas\/([\w.-]+)$/.exec(ref) ?? [];
    return (document['components'] as { schemas: Record<string, Schema> }).schemas[name];
  };

interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  schema?: Schema;
}

const parameterBreaks = ({ path, told }: Operation, where: string, resolve: Resolve): string[] => {
  const parameters = (told['parameters'] ?? []) as Parameter[];
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
  const ofPath = parameters.filter((one) => one.in === 'path');
  const names = parameters.map((one) => `${one.in} ${one.name}`);
  return [
    ...(ofPath.map(({ name }) => name).join() === inPath.join() ? [] : [`${where}: parameters of the path`]),
    ...ofPath.filter(({ required }) => required !== true).map(({ name }) => `${where}: ${name} is not required`),
    ...(new Set(names).size === names.length ? [] : [`${where}: a parameter is there twice`]),
    ...parameters
      .filter((one) => !['path', 'query', 'header', 'cookie'].includes(one.in))
      .map(({ name }) => `${where}: ${name} is in nothing`),
    ...parameters.flatMap(({ name, schema }) =>
      schema === undefined || Object.keys(schema).length === 0
        ? [`${where}: ${name} has no schema`]
        : schemaBreaks(schema, `${where} ${name}`, resolve),
    ),
  ];
};

const contentBreaks = (content: unknown, where: string, resolve: Resolve): string[] =>
  Object.entries((content ?? {}) as Record<string, { schema?: Schema }>).flatMap(([media, { schema }]) => [
    ...(/^[\w.+-]+\/[\w.+-]+$/.test(media) ? [] : [`${where}: ${media} is no media type`]),
    ...(schema ? schemaBreaks(schema, `${where} ${media}`, resolve) : [`${where}: ${media} has no schema`]),
  ]);

const bodyBreaks = ({ method, told }: Operation, where: string, resolve: Resolve): string[] => {
  const body = told['requestBody'] as Node | undefined;
  if (!body) return [];
  return [
    ...(method === 'get' ? [`${where}: a body where none is read`] : []),
    ...(Object.keys((body['content'] ?? {}) as Node).length === 0 ? [`${where}: the body has no content`] : []),
    ...contentBreaks(body['content'], where, resolve),
  ];
};

const answerBreaks = ({ told }: Operation, where: string, resolve: Resolve): string[] => {
  const responses = Object.entries((told['responses'] ?? {}) as Record<string, Node>);
  return [
    ...(responses.some(([status]) => status.startsWith('2')) ? [] : [`${where}: no answer`]),
    ...responses.flatMap(([status, { description, content }]) => [
      ...(/^([1-5]\d\d|[1-5]XX|default)$/.test(status) ? [] : [`${where}: ${status} is no status`]),
      ...(typeof description === 'string' ? [] : [`${where}: ${status} has no description`]),
      ...contentBreaks(content, `${where} ${status}`, resolve),
    ]),
  ];
};

const securityBreaks = (document: Node): string[] => {
  const schemes = ((document['components'] as Node)['securitySchemes'] ?? {}) as Record<string, Node>;
  const asked = (document['security'] ?? []) as Node[];
  return asked
    .flatMap((one) => Object.keys(one))
    .filter((name) => !schemes[name])
    .map((name) => `security: ${name} is not described`);
};

const twice = (names: readonly string[]): string[] => names.filter((name, i) => names.indexOf(name) !== i);

/** What of OpenAPI 3.1 a description breaks; each in a sentence. */
export const breaksOf = (document: Node): string[] => {
  const resolve = resolverOf(document);
  const operations = operationsOf(document);
  const { title, version } = (document['info'] ?? {}) as Node;
  const shapes = operations.map(({ method, path }) => `${method} ${path.replace(/\{\w+\}/g, '{}')}`);
  const ids = operations.map(({ told }) => String(told['operationId']));
  const schemas = ((document['components'] as Node)['schemas'] ?? {}) as Record<string, Schema>;
  return [
    ...(/^3\.1\.\d$/.test(String(document['openapi'])) ? [] : ['openapi is not 3.1']),
    ...(typeof title === 'string' && typeof version === 'string' ? [] : ['info has no title or version']),
    ...operations.filter(({ path }) => !path.startsWith('/')).map(({ path }) => `${path} does not begin with /`),
    ...operations.filter(({ method }) => !methods.includes(method)).map(({ method }) => `${method} is no method`),
    ...twice(shapes).map((shape) => `${shape} is there twice`),
    ...twice(ids).map((id) => `the operationId ${id} is there twice`),
    ...ids.filter((id) => !/^[a-z]\w+$/i.test(id)).map((id) => `${id} is no operationId`),
    ...Object.entries(schemas).flatMap(([name, schema]) => schemaBreaks(schema, name, resolve)),
    ...securityBreaks(document),
    ...operations.flatMap((one) => {
      const where = `${one.method} ${one.path}`;
      return [parameterBreaks, bodyBreaks, answerBreaks].flatMap((check) => check(one, where, resolve));
    }),
  ];
};

const fits = (template: string, path: string): boolean =>
  new RegExp(`^${template.replace(/\{\w+\}/g, '[^/]+')}$`).test(path);

/** The operation that a request is for; of two that fit, the one with fewer parameters. */
export const operationFor = (operations: readonly Operation[], method: string, path: string): Operation | undefined =>
  operations
    .filter((one) => one.method === method.toLowerCase() && fits(one.path, path))
    .sort((a, b) => a.path.split('{').length - b.path.split('{').length)[0];

/** What came back to a request. */
export interface Came {
  status: number;
  media: string;
  text: string;
}

/** Where an answer is not as the description says: its status, its kind, its JSON. */
export const answerBreaksOf = (document: Node, method: string, path: string, came: Came): string[] => {
  const { status, media, text } = came;
  const where = `${method} ${path} → ${status}`;
  const operation = operationFor(operationsOf(document), method, path);
  const responses = (operation?.told['responses'] ?? {}) as Record<string, { content?: Record<string, Node> }>;
  const problem: Record<string, Node> = {
    'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } },
  };
  const told = operation ? responses[String(status)] : status === 404 ? { content: problem } : undefined;
  if (!told) return [`${where}: the status is not described`];
  const schema = told.content?.[media]?.['schema'] as Schema | undefined;
  if (!schema) return [`${where}: ${media} is not described`];
  if (!media.endsWith('json')) return [];
  return breaksIn(schema, JSON.parse(text), where, resolverOf(document));
};
