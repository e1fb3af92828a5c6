import { describe, expect, test } from 'vitest';
import { WrongConfiguration, tell } from '../../src/cli/edge.ts';
import { makeOutput, moment, plural, table } from '../../src/cli/output.ts';
import { makeProgress } from '../../src/cli/progress.ts';
import { asFault, Fault } from '../../src/fault.ts';

/** An output that keeps what is written. */
const kept = (json: boolean, isTTY = false) => {
  const said = { stdout: '', stderr: '' };
  const to = (name: keyof typeof said) => ({ write: (text: string) => (said[name] += text), isTTY });
  return { said, out: makeOutput(json, { stdout: to('stdout'), stderr: to('stderr') }) };
};

describe('output', () => {
  test('an answer is text for people, or one JSON document in which big numbers stay exact', () => {
    const people = kept(false);
    people.out.answer({ n: 2 }, ({ n }) => `${n} rows`);
    expect(people.said).toEqual({ stdout: '2 rows\n', stderr: '' });
    const programs = kept(true);
    programs.out.answer({ n: 2n ** 60n }, () => '');
    expect(JSON.parse(programs.said.stdout)).toEqual({ n: '1152921504606846976' });
  });

  test('columns are aligned, and characters that move a terminal are not passed on', () => {
    const columns = [
      { title: 'name', text: (row: { name: string }) => row.name },
      { title: 'length', text: (row: { name: string }) => String(row.name.length), align: 'right' as const },
    ];
    expect(table([{ name: 'a\u001b[2Jb' }, { name: 'longer name' }], columns, '')).toBe(
      ['name         length', 'a?[2Jb            6', 'longer name      11'].join('\n'),
    );
    expect(table([], columns, 'Nothing.')).toBe('Nothing.');
  });

  test('counts and instants read well', () => {
    expect([plural(1, 'row'), plural(1234567, 'row'), plural(2, 'delivery', 'deliveries')]).toEqual([
      '1 row',
      '1,234,567 rows',
      '2 deliveries',
    ]);
    expect([moment('2026-11-21T02:00:00.123Z'), moment(null)]).toEqual(['2026-11-21 02:00:00Z', '-']);
  });
});

describe('progress', () => {
  test('is drawn on a terminal and taken away, and nowhere else', () => {
    const terminal = kept(false, true);
    const bar = makeProgress(terminal.out, 'Adding', 'rows');
    bar.at(500, 1000);
    expect(terminal.said.stderr).toContain('Adding  [############............]  50 %  500 of 1,000 rows');
    bar.end();
    expect(terminal.said.stderr.endsWith('\r\u001b[K')).toBe(true);
    const pipe = kept(false);
    makeProgress(pipe.out, 'Adding', 'rows').at(1, 2);
    expect(pipe.said).toEqual({ stdout: '', stderr: '' });
  });
});

describe('the edge', () => {
  const fault = (next: 'refuse' | 'retry') =>
    new Fault({ operation: 'open', object: 'the gate', reason: 'it is shut', hint: 'knock', next, code: 'shut' });

  test('tells a Fault once, with what to do; wrong use is 2, failure 1', () => {
    const { said, out } = kept(false);
    expect(tell(fault('refuse'), 'x', out)).toBe(2);
    expect(said).toEqual({ stdout: '', stderr: 'nightdrop: open the gate: it is shut\n    knock\n' });
    expect(tell(fault('retry'), 'x', out)).toBe(1);
  });

  test('with --json the error is the one document', () => {
    const { said, out } = kept(true);
    const problem = { file: 'a.yaml', field: 'b', value: 1, message: 'is wrong', hint: 'write 2' };
    expect(tell(new WrongConfiguration([problem], '/config'), 'x', out)).toBe(2);
    expect(JSON.parse(said.stdout)).toMatchObject({ error: { code: 'configuration', problems: [problem] } });
    expect(said.stderr).toContain('a.yaml: b (1): is wrong\n    write 2\n');
  });

  test('what was not foreseen says so and shows where; what was stopped says that nothing is lost', () => {
    const { said, out } = kept(false);
    expect(tell(new TypeError('x is not a function'), 'export', out)).toBe(1);
    expect(said.stderr).toMatch(/run export: x is not a function\n.*report it[^]*output\.test\.ts/);
    const aborted = new DOMException('aborted', 'AbortError');
    for (const error of [aborted, asFault(aborted, 'render', 'acme')]) {
      const stopped = kept(true);
      expect(tell(error, 'export', stopped.out)).toBe(1);
      expect(stopped.said.stderr).toMatch(/^nightdrop: .*told to stop\n.*goes on where it stopped\n$/);
      expect(JSON.parse(stopped.said.stdout)).toMatchObject({ error: { operation: 'run', code: 'stopped' } });
    }
  });
});
