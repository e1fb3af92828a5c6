// Reads the reports of a CI run. `again FOLDER` prints the test files that may be run once more: few of them, and only
// tests that touch the machine's timing. `verdict FOLDER ENDED` prints what became of all tests; exit 1 unless all passed.
const { existsSync, readFileSync } = require('node:fs');
const { relative } = require('node:path');

const [task, folder, ended] = process.argv.slice(2);

/** More failed files than this are no matter of timing. */
const fewFiles = 4;

/** The promise itself (test/flow) and a counterexample of a property are never excused. */
const isNeverExcused = (test) =>
  test.file.startsWith('test/flow/') || test.messages.some((text) => /Counterexample|Property failed/.test(text));

const read = (name) => {
  const file = `${folder}/${name}.json`;
  if (!existsSync(file)) return undefined;
  return JSON.parse(readFileSync(file, 'utf8')).testResults.flatMap((suite) => {
    const path = relative('.', suite.name);
    const tests = suite.assertionResults.map(({ fullName, status, failureMessages }) => ({
      file: path,
      title: fullName,
      status,
      messages: failureMessages ?? [],
    }));
    const unable = suite.status === 'failed' && !tests.some(({ status }) => status === 'failed');
    return unable
      ? [...tests, { file: path, title: '(the file could not run)', status: 'failed', messages: [suite.message] }]
      : tests;
  });
};

const failedIn = (tests) => tests.filter(({ status }) => status === 'failed');

const filesToRunAgain = (all) => {
  const failed = failedIn(all);
  const files = [...new Set(failed.map(({ file }) => file))];
  return files.length > fewFiles || failed.some(isNeverExcused) ? [] : files;
};

/** What a file showed the second time takes the place of all that it showed the first time. */
const verdict = (all, again = []) => {
  const ranAgain = new Set(again.map(({ file }) => file));
  const last = [...all.filter(({ file }) => !ranAgain.has(file)), ...again];
  const failed = failedIn(last);
  const unsteady = failedIn(all).filter((test) => !failed.some(({ file }) => file === test.file));
  const skipped = last.filter(({ status }) => status !== 'passed' && status !== 'failed');
  return { failed, unsteady, skipped, passed: last.length - failed.length - skipped.length };
};

const all = read('all');
if (task === 'again') {
  console.log(filesToRunAgain(all ?? []).join(' '));
} else if (!all) {
  console.log('the tests ended without a report');
  process.exit(1);
} else {
  const { failed, unsteady, skipped, passed } = verdict(all, read('again'));
  for (const { file, title } of failed) console.log(`failed: ${file}: ${title}`);
  for (const { file, title } of skipped) console.log(`skipped: ${file}: ${title}`);
  for (const { file, title } of unsteady) console.log(`unsteady, passed the second time: ${file}: ${title}`);
  if (ended !== '0') console.log(`the test command ended with ${ended}`);
  console.log(`${passed} passed, ${failed.length} failed, ${skipped.length} skipped, ${unsteady.length} unsteady`);
  process.exit(failed.length === 0 && skipped.length === 0 && passed > 0 && ended === '0' ? 0 : 1);
}
