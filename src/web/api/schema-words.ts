/** JSON Schema, as the description of the API has it. */
export type Schema = Readonly<Record<string, unknown>>;

/** A field or a parameter in words. */
export interface FieldWords {
  name: string;
  /** `whole number from 1 to 500`, `text or null`. */
  kind: string;
  required: boolean;
  description: string | undefined;
}

const isSchema = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const plain: Record<string, string> = {
  string: 'text',
  integer: 'whole number',
  number: 'number',
  boolean: 'true or false',
  array: 'list',
  object: 'object',
  null: 'null',
};

const bounds = ({ minimum, maximum }: Schema): string => {
  const reachable = (bound: unknown): bound is number =>
    typeof bound === 'number' && Math.abs(bound) < Number.MAX_SAFE_INTEGER;
  return [
    ...(reachable(minimum) ? [` from ${minimum}`] : []),
    ...(reachable(maximum) ? [`${reachable(minimum) ? '' : ' up'} to ${maximum}`] : []),
  ].join('');
};

const ofItems = (items: unknown): string => {
  const words = isSchema(items) ? kindOf(items) : 'anything';
  return `list of: ${words}`;
};

const ofType = (type: string, schema: Schema): string => {
  if (type === 'array') return ofItems(schema['items']);
  if (type === 'string' && schema['format'] === 'date-time') return 'instant';
  return `${plain[type] ?? type}${type === 'integer' ? bounds(schema) : ''}`;
};

const ofWords = (words: readonly unknown[]): string => words.map(String).join(', ');

/** What a value is, in a few words. */
export const kindOf = (schema: Schema): string => {
  const { $ref, type, enum: words, const: only, anyOf } = schema;
  if (typeof $ref === 'string') return $ref.slice($ref.lastIndexOf('/') + 1);
  if (Array.isArray(words)) return `one of ${ofWords(words)}`;
  if (only !== undefined) return JSON.stringify(only);
  if (Array.isArray(anyOf)) return anyOf.filter(isSchema).map(kindOf).join(', or ');
  const types = (Array.isArray(type) ? type : [type]).filter((one) => typeof one === 'string');
  return types.length === 0 ? 'anything' : types.map((one) => ofType(one, schema)).join(' or ');
};

const withDefault = (schema: Schema): string => {
  const given = schema['default'];
  return given === undefined ? '' : `; ${String(given)} unless it is given`;
};

/** One field in words. */
export const fieldWords = (name: string, schema: Schema, required: boolean): FieldWords => ({
  ...{ name, kind: `${kindOf(schema)}${withDefault(schema)}`, required },
  description: typeof schema['description'] === 'string' ? schema['description'] : undefined,
});

/** The fields of an object in words; those of each item where it is a page of a list. */
export const fieldsOf = (schema: Schema): FieldWords[] => {
  const required = Array.isArray(schema['required']) ? schema['required'] : [];
  const properties = isSchema(schema['properties']) ? schema['properties'] : {};
  return Object.entries(properties).flatMap(([name, one]) =>
    isSchema(one) ? [fieldWords(name, one, required.includes(name))] : [],
  );
};
