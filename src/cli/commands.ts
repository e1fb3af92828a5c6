import { address } from './address.ts';
import { alertsTest } from './alerts-test.ts';
import { alerts } from './alerts.ts';
import { audit } from './audit.ts';
import { batches } from './batches.ts';
import { check } from './check.ts';
import type { CliCommand } from './command.ts';
import { deliveriesRelease, deliveriesResend, deliveriesSettle } from './deliveries-actions.ts';
import { deliveries } from './deliveries.ts';
import { doctor } from './doctor.ts';
import { dropsTrust } from './drops-trust.ts';
import { drops } from './drops.ts';
import { exportFeed } from './export.ts';
import { feeds } from './feeds.ts';
import { ledgerAdd } from './ledger-add.ts';
import { ledgerSample } from './ledger-sample.ts';
import { ledgerShow } from './ledger-show.ts';
import { personAdd, personList, personRemove, signIn } from './persons.ts';
import { mail } from './mail.ts';
import { prove } from './prove.ts';
import { schedule } from './schedule.ts';
import { serve } from './serve.ts';
import { submissionsOriginal, submissionsRelease, submissionsResult } from './submissions-actions.ts';
import { submissionsUnmatched } from './submissions-unmatched.ts';
import { submissions, submissionsShow } from './submissions.ts';
import { submit } from './submit.ts';
import { tokenCreate, tokenList, tokenRevoke } from './tokens.ts';
import { trace } from './trace.ts';

/** In the order in which `--help` lists them. */
export const commands: readonly CliCommand[] = [
  serve,
  check,
  doctor,
  schedule,
  exportFeed,
  feeds,
  batches,
  deliveries,
  deliveriesResend,
  deliveriesRelease,
  deliveriesSettle,
  drops,
  dropsTrust,
  alerts,
  alertsTest,
  ledgerAdd,
  ledgerShow,
  ledgerSample,
  submit,
  mail,
  address,
  submissions,
  submissionsShow,
  submissionsOriginal,
  submissionsResult,
  submissionsRelease,
  submissionsUnmatched,
  trace,
  prove,
  personAdd,
  personList,
  personRemove,
  signIn,
  tokenCreate,
  tokenList,
  tokenRevoke,
  audit,
];
