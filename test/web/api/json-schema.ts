/**
 * As much of JSON Schema 2020-12 as the description of the API uses. A keyword that is not known here is a break itself,
 * so that nothing passes because nobody looked.
 */

export type Schema = Record<string, unknown>;

/** What `$ref` leads to. */
export type Resolve = (ref: string) => Schema | undefined;

const annotations = ['description', 'example', 'examples', 'default', 'title', 'propertyNames'];

const typeOf = (value: unknown): string => {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value;
};

const isType = (type: string, value: unknown): boolean =>
  type === 'integer' ? Number.isInteger(value) : typeOf(value) === type;

const formats: Record<string, (text: string) => boolean> = {
  'date-time': (text) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(text) && !Number.isNaN(Date.parse(text)),
  binary: () => true,
  uri: (text) => URL.canParse(text),
};

type Check = (schema: Schema, value: unknown, where: string, resolve: Resolve) => string[];

const isObject = (value: unknown): value is Record<string, unknown> => typeOf(value) === 'object';

const anyOf = (schemas: unknown, value: unknown, where: string, resolve: Resolve): number =>
  (schemas as Schema[]).filter((one) => breaksIn(one, value, where, resolve).length === 0).length;

const propertyBreaks: Check = (schema, value, where, resolve) => {
  if (!isObject(value)) return [];
  const known = (schema['properties'] ?? {}) as Record<string, Schema>;
  const rest = schema['additionalProperties'] as Schema | boolean | undefined;
  return Object.entries(value).flatMap(([name, part]) => {
    const own = Object.hasOwn(known, name) ? known[name] : rest;
    // Stricter than JSON Schema: what may hold more than it names has to say so.
    if (own === undefined || own === false) return [`${where}.${name} is not described`];
    return own === true ? [] : breaksIn(own, part, `${where}.${name}`, resolve);
  });
};

const bound = (holds: (value: number, limit: number) => boolean, keyword: string): Check => {
  return (schema, value, where) =>
    typeof value === 'number' && !holds(value, Number(schema[keyword])) ? [`${where} breaks ${keyword}`] : [];
};

const length = (holds: (length: number, limit: number) => boolean, keyword: string): Check => {
  return (schema, value, where) =>
    (typeof value === 'string' || Array.isArray(value)) && !holds(value.length, Number(schema[keyword]))
      ? [`${where} breaks ${keyword}`]
      : [];
};

const keywords: Record<string, Check> = {
  $ref: (schema, value, where, resolve) => {
    const target = resolve(String(schema['$ref']));
    return target ? breaksIn(target, value, where, resolve) : [`${where}: ${String(schema['$ref'])} leads nowhere`];
  },
  type: ({ type }, value, where) => {
    const types = (Array.isArray(type) ? type : [type]) as string[];
    return types.some((one) => isType(one, value)) ? [] : [`${where} is ${typeOf(value)}, not ${types.join(' or ')}`];
  },
  enum: (schema, value, where) =>
    (schema['enum'] as unknown[]).includes(value) ? [] : [`${where} is ${JSON.stringify(value)}, none of the words`],
  const: (schema, value, where) => (schema['const'] === value ? [] : [`${where} is not the one value`]),
  format: ({ format }, value, where) => {
    const fits = formats[String(format)];
    if (!fits) return [`${where}: the format ${String(format)} is not known`];
    return typeof value !== 'string' || fits(value) ? [] : [`${where} is no ${String(format)}: ${value}`];
  },
  pattern: ({ pattern }, value, where) =>
    typeof value !== 'string' || new RegExp(String(pattern), 'u').test(value) ? [] : [`${where} breaks its pattern`],
  required: ({ required }, value, where) =>
    isObject(value)
      ? (required as string[])
          .filter((name) => !Object.hasOwn(value, name))
          .map((name) => `${where}.${name} is missing`)
      : [],
  properties: propertyBreaks,
  additionalProperties: (schema, value, where, resolve) =>
    'properties' in schema ? [] : propertyBreaks(schema, value, where, resolve),
  items: ({ items }, value, where, resolve) =>
    Array.isArray(value) ? value.flatMap((one, i) => breaksIn(items as Schema, one, `${where}[${i}]`, resolve)) : [],
  anyOf: (schema, value, where, resolve) =>
    anyOf(schema['anyOf'], value, where, resolve) > 0 ? [] : [`${where} is none of what it may be`],
  oneOf: (schema, value, where, resolve) =>
    anyOf(schema['oneOf'], value, where, resolve) === 1 ? [] : [`${where} is not exactly one of what it may be`],
  allOf: (schema, value, where, resolve) =>
    (schema['allOf'] as Schema[]).flatMap((one) => breaksIn(one, value, where, resolve)),
  minimum: bound((value, limit) => value >= limit, 'minimum'),
  maximum: bound((value, limit) => value <= limit, 'maximum'),
  exclusiveMinimum: bound((value, limit) => value > limit, 'exclusiveMinimum'),
  minLength: length((found, limit) => found >= limit, 'minLength'),
  maxLength: length((found, limit) => found <= limit, 'maxLength'),
  minItems: length((found, limit) => found >= limit, 'minItems'),
  maxItems: length((found, limit) => found <= limit, 'maxItems'),
};

/** Where the value is not as the schema says, each in a sentence. */
export const breaksIn: Check = (schema, value, where, resolve) =>
  Object.keys(schema).flatMap((keyword) => {
    if (annotations.includes(keyword)) return [];
    const check = keywords[keyword];
    return check ? check(schema, value, where, resolve) : [`${where}: the keyword ${keyword} is not known`];
  });

/** Where a schema itself is wrong: keywords that are not known, references that lead nowhere, examples it refuses. */
export const schemaBreaks = (schema: Schema, where: string, resolve: Resolve): string[] => {
  const unknown = Object.keys(schema).filter((keyword) => !keywords[keyword] && !annotations.includes(keyword));
  const ref = schema['$ref'];
  const examples = [schema['example'], schema['default']].filter((one) => one !== undefined);
  const inside = [
    ...Object.entries((schema['properties'] ?? {}) as Record<string, Schema>),
    ...(['items', 'additionalProperties', 'propertyNames'] as const).flatMap((key): [string, Schema][] =>
      isObject(schema[key]) ? [[key, schema[key]]] : [],
    ),
    ...['anyOf', 'oneOf', 'allOf'].flatMap((key) =>
      ((schema[key] ?? []) as Schema[]).map((one, i): [string, Schema] => [`${key}[${i}]`, one]),
    ),
  ];
  return [
    ...unknown.map((keyword) => `${where}: the keyword ${keyword} is not known`),
    ...(typeof ref === 'string' && !resolve(ref) ? [`${where}: ${ref} leads nowhere`] : []),
    ...examples.flatMap((one) => breaksIn(schema, one, `the example of ${where}`, resolve)),
    ...inside.flatMap(([name, one]) => schemaBreaks(one, `${where}.${name}`, resolve)),
  ];
};
