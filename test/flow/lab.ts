import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** `npm run lab`: the flow suites for as long as it takes to trust them. With arguments, they say to vitest what to run instead. */
const root = fileURLToPath(new URL('../..', import.meta.url));
const vitest = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url));
const chosen = process.argv.length > 2 ? process.argv.slice(2) : ['test/flow'];
const child = spawn(
  process.execPath,
  [vitest, 'run', '--config', 'test/vitest.config.ts', '--testTimeout', '3600000', ...chosen],
  { cwd: root, stdio: 'inherit', env: { ...process.env, LAB: '1' } },
);
child.on('close', (code) => process.exit(code ?? 1));
