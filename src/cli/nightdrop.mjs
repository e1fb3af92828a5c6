#!/usr/bin/env node
// The bin. Plain JavaScript that any Node from 18 on can read: it finds a Node that is new enough, then the program.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { fileURLToPath } from 'node:url';

const wanted = 24;
const root = new URL('../../', import.meta.url);

/** The npm package `node`: the one that the checkout pins, or one that was installed beside this package. */
const pinned = () =>
  ['node_modules/node/bin/node', '../node/bin/node']
    .map((path) => fileURLToPath(new URL(path, root)))
    .find((path) => existsSync(path));

/** The sources where they are, else what `npm pack` emitted: a stale `dist` never wins. */
const isCheckout = existsSync(new URL('src/cli/main.ts', root));
const program = new URL(isCheckout ? 'src/cli/main.ts' : 'dist/src/cli/main.js', root);

const giveUp = (sentence) => {
  console.error(sentence);
  process.exit(1);
};

/** Runs the same command on another Node: signals go through, and the exit code comes back. */
const runOn = (node) => {
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' });
  const signals = ['SIGTERM', 'SIGINT', 'SIGHUP'];
  for (const signal of signals) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => giveUp(`nightdrop cannot start ${node}: ${error.message}. Run "npm ci" and try again.`));
  child.on('exit', (code, signal) => {
    for (const each of signals) process.removeAllListeners(each);
    if (signal) process.kill(process.pid, signal);
    else process.exit(code ?? 1);
  });
};

if (Number(process.versions.node.split('.')[0]) >= wanted) {
  if (isCheckout && !existsSync(new URL('node_modules/', root))) {
    giveUp('nightdrop is not set up yet: run "npm ci" in its folder (npm start does it by itself).');
  }
  // Compiled code is kept between runs: a command starts in half the time.
  nodeModule.enableCompileCache?.(fileURLToPath(new URL('node_modules/.cache/nightdrop', root)));
  await import(program.href);
} else {
  const node = pinned();
  const remedy = isCheckout ? 'run "npm ci" in its folder' : 'install Node 24, or "npm install node@24" beside it';
  if (node) runOn(node);
  else giveUp(`nightdrop needs Node ${wanted} and this is ${process.versions.node}: ${remedy}.`);
}
