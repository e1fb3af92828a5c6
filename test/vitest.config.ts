import { defineConfig } from 'vitest/config';
import { LongestFirst } from './longest-first.ts';

/** The long runs (`bench`, `lab`) are programs of their own and not picked up here. */
// eslint-disable-next-line no-restricted-syntax -- the tool asks for a default export
export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/servers/global.ts', 'test/drop/conformance-run.ts'],
    // Many tests wait for a server, a lease or the next minute: more files at once than cores.
    maxWorkers: 4,
    sequence: { sequencer: LongestFirst },
    testTimeout: 180_000,
    hookTimeout: 900_000,
  },
});
