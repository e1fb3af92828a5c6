// Makes a checkout ready: `npm ci` when node_modules does not hold what package-lock.json says. Runs before `npm start`,
// `npm test` and the other scripts, on whatever Node the machine has (18 or newer), so it is plain JavaScript.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const pinned = `${root}node_modules/node/bin/node`;

const packagesIn = (file) => JSON.parse(readFileSync(`${root}${file}`, 'utf8')).packages;

/** npm writes the second file last, so it is there only when an installation was finished. */
const ready = () => {
  if (!existsSync(pinned) || !existsSync(`${root}node_modules/.package-lock.json`)) return false;
  const installed = packagesIn('node_modules/.package-lock.json');
  return Object.entries(packagesIn('package-lock.json')).every(([path, wanted]) => {
    if (path === '') return true;
    return installed[path] ? installed[path].version === wanted.version : Boolean(wanted.optional);
  });
};

const give = (up) => {
  console.error(up);
  process.exit(1);
};

if (!ready()) {
  console.error('Setting up (npm ci): about half a minute, once.');
  const args = ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
  const run = spawnSync('npm', args, { cwd: root, encoding: 'utf8', shell: process.platform === 'win32' });
  if (run.status !== 0) {
    const said = [run.stdout, run.stderr, run.error?.message].filter(Boolean).join('\n');
    give(`${said}\nThe set-up failed: "npm ci" says why, above. It needs an npm registry once.`);
  }
  if (!existsSync(pinned)) {
    give('npm did not install the pinned Node: allow the install script of the package "node", then run "npm ci".');
  }
}
