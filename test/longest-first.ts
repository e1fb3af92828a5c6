import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take longer than 20 seconds, longest first: begun last, one of them would keep a whole run waiting. */
const long = [
  'test/web/console/pages.test.ts',
  'test/cli/submit.test.ts',
  'test/cli/flow.test.ts',
  'test/drop/ftps/others.test.ts',
  'test/flow/crash.test.ts',
  'test/drop/sftp/openssh.test.ts',
  'test/cli/serve-waits.test.ts',
  'test/cli/usage.test.ts',
  'test/outbound/feed/run.test.ts',
  'test/web/console/work.test.ts',
  'test/cli/serve.test.ts',
  'test/drop/ftps/line.test.ts',
  'test/cli/alerts.test.ts',
  'test/outbound/delivery/straight.test.ts',
  'test/outbound/feed/golden-formats.test.ts',
  'test/outbound/delivery/openssh.test.ts',
  'test/web/api/transfer.test.ts',
  'test/cli/package.test.ts',
  'test/drop/everywhere.test.ts',
  'test/flow/crash-ftps.test.ts',
  'test/flow/overlap.test.ts',
  'test/drop/ftps/vsftpd.test.ts',
  'test/jobs/run-due-feeds.test.ts',
  'test/flow/commit-order.test.ts',
  'test/drop/sftp/proftpd.test.ts',
];

/** The files above first; the others as vitest would: by the last run where it is known, else the largest first. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rankOf = ({ moduleId }: TestSpecification): number => {
      const found = long.indexOf(relative(this.ctx.config.root, moduleId));
      return found < 0 ? long.length : found;
    };
    return (await super.sort(files)).sort((a, b) => rankOf(a) - rankOf(b));
  }
}
