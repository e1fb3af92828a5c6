import { expect, test } from 'vitest';
import { Fault, oneLine } from '../src/fault.ts';

test('what a server says is one line of bounded length in a Fault', () => {
  const said = `no\r\nroom\u0000\u009b31m for ${'x'.repeat(5000)}`;
  const fault = new Fault({
    operation: 'put',
    object: 'a\nb',
    reason: said,
    hint: 'c\u2028d',
    next: 'retry',
    code: 'full',
  });
  expect(fault.reason).toMatch(/^no room 31m for x+…$/);
  expect(fault.reason).toHaveLength(2001);
  expect(fault.message).toBe(`put a b: ${fault.reason}`);
  expect(fault.hint).toBe('c d');
});

test('one line is well-formed, also where it was cut', () => {
  expect(oneLine('\ud800 a')).toBe('\ufffd a');
  expect(oneLine('a😀b', 2)).toBe('a\ufffd…');
});
