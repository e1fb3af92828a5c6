import { expect, test } from 'vitest';
import { fieldsOf, kindOf } from '../../../src/web/api/schema-words.ts';

test.each([
  [{ type: 'string' }, 'text'],
  [{ type: ['string', 'null'], format: 'date-time' }, 'instant or null'],
  [{ type: 'integer', minimum: 1, maximum: 500 }, 'whole number from 1 to 500'],
  [{ type: 'integer', minimum: Number.MIN_SAFE_INTEGER, maximum: 9 }, 'whole number up to 9'],
  [{ type: ['string', 'null'], enum: ['a', 'b', null] }, 'one of a, b, null'],
  [{ type: 'array', items: { $ref: '#/components/schemas/Batch' } }, 'list of: Batch'],
  [{ anyOf: [{ const: true }, { type: 'null' }] }, 'true, or null'],
  [{}, 'anything'],
])('%j is %s', (schema, words) => expect(kindOf(schema)).toBe(words));

test('the fields of an object, with what they are unless they are given', () => {
  const properties = {
    by: { type: 'string', default: 'created', description: 'which instant' },
    to: { type: 'string' },
  };
  expect(fieldsOf({ type: 'object', properties, required: ['to'] })).toEqual([
    { name: 'by', kind: 'text; created unless it is given', required: false, description: 'which instant' },
    { name: 'to', kind: 'text', required: true, description: undefined },
  ]);
});
