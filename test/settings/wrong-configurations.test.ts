import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadSettings } from '../../src/settings/load-settings.ts';
import { env, makeData, now } from './data.ts';

/**
 * Each folder of `fixtures/config` is laid over `right`, and must give exactly the problems of its `problems.json`.
 * `GOLDEN=write` writes those files anew; read the difference before you keep it.
 */
const fixtures = new URL('../../fixtures/config/', import.meta.url).pathname;
const wrong = readdirSync(fixtures).filter((name) => name !== 'right' && !name.includes('.'));

let work: string;
let dataFolder: string;
beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), 'settings-'));
  dataFolder = makeData(join(work, 'data'));
});
afterAll(() => rmSync(work, { recursive: true }));

const problemsOf = async (name: string): Promise<unknown> => {
  const configFolder = join(work, name);
  cpSync(join(fixtures, 'right'), configFolder, { recursive: true });
  cpSync(join(fixtures, name), configFolder, { recursive: true });
  const loaded = await loadSettings({ configFolder, dataFolder, env, now });
  const text = JSON.stringify(loaded.ok ? [] : loaded.problems);
  return JSON.parse(text.replaceAll(dataFolder, 'DATA'));
};

describe('a wrong configuration is refused with exactly its problems', () => {
  test.each(wrong)('%s', async (name) => {
    const golden = join(fixtures, name, 'problems.json');
    const problems = await problemsOf(name);
    if (process.env['GOLDEN'] === 'write') writeFileSync(golden, `${JSON.stringify(problems, null, 2)}\n`);
    expect(problems).toEqual(JSON.parse(readFileSync(golden, 'utf8')));
    expect(problems).not.toEqual([]);
    expect(JSON.stringify(problems)).not.toMatch(/planted/);
  });

  test('the problems have their five keys and no other, and always a message and a hint', () => {
    for (const name of wrong) {
      for (const problem of JSON.parse(readFileSync(join(fixtures, name, 'problems.json'), 'utf8')) as object[]) {
        expect(Object.keys(problem)).toEqual(['file', 'field', 'value', 'message', 'hint']);
        expect(problem).toMatchObject({ message: expect.stringMatching(/./), hint: expect.stringMatching(/./) });
      }
    }
  });
});
