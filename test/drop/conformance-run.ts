import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { TestModule, TestProject } from 'vitest/node';
import { canBeHere } from './conformance-machine.ts';
import { counts, matrixOf, withMatrix, type Seen } from './conformance.ts';

const readme = join(import.meta.dirname, '../../src/drop/README.md');

/** The test files whose tests stand in the matrix. */
const sources = (): string[] =>
  readdirSync(import.meta.dirname, { encoding: 'utf8', recursive: true })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join(import.meta.dirname, name))
    .filter((path) => /from '\.\.?\/(contract|variants)\.ts'/.test(readFileSync(path, 'utf8')));

const seenIn = (module: TestModule): Seen[] =>
  [...module.children.allTests()].map((test) => {
    const { finding } = test.meta();
    return { title: test.fullName, passed: test.result().state === 'passed', ...(finding && { finding }) };
  });

/**
 * After all tests: compares the conformance matrix in the README with what the run has shown, or writes it with
 * GOLDEN=write. A run of some of its tests, or one in which one of them failed, says nothing about the matrix.
 */
export const setup =
  (project: TestProject): (() => Promise<void>) =>
  async () => {
    const modules = project.vitest.state.getTestModules();
    const ran = sources().map((path) => modules.find((module) => module.moduleId === path));
    const tests = ran.flatMap((module) => (module ? seenIn(module).filter(counts) : []));
    if (ran.includes(undefined) || tests.length === 0 || tests.some(({ passed }) => !passed)) return;
    const isPossible = await canBeHere();
    const whole = readFileSync(readme, 'utf8');
    const text = whole
      .split('\n')
      .filter((line) => !line.startsWith('| ') || isPossible(line))
      .join('\n');
    const wanted = withMatrix(text, matrixOf(tests));
    if (wanted === undefined) throw new Error(`${relative('.', readme)} has no marks for the conformance matrix`);
    if (process.env['GOLDEN'] === 'write') writeFileSync(readme, wanted);
    else if (wanted !== text)
      throw new Error(
        'the conformance matrix in src/drop/README.md is not what this run has shown: GOLDEN=write npm test',
      );
  };
