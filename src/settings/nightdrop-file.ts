import { z } from 'zod';
import { Secret } from '../secret.ts';
import { type Reading, report, valueAt } from './problem.ts';
import { reveal, sourceOrText } from './secret-source.ts';
import { readAlerts } from './alert-section.ts';
import { readMail } from './mail-section.ts';
import type { NightdropFile } from './settings.ts';
import { oneOf, read, strict, text, Wrong, yesNo } from './shape.ts';
import { duration, inDataFolder } from './values.ts';
import { webSection, webShape } from './web-section.ts';

const logLevels = ['debug', 'info', 'warn', 'error'] as const;
const ninetyDays = 90 * 86_400_000;
const kept = duration.default(ninetyDays);

const shape = strict({
  database: z.unknown().optional(),
  spool: strict({ folder: text('spool').default('spool') }).prefault({}),
  web: webShape,
  mail: z.unknown().optional(),
  retention: strict({ submissions: kept, batchFiles: kept, messages: kept }).prefault({}),
  alerts: z.array(z.unknown()).default([]),
  late: duration.default(30 * 60_000),
  sample: yesNo.default(false),
  logLevel: oneOf(logLevels).optional(),
});

const urlHint = 'write "sqlite:FILE" or "postgres://USER@HOST:PORT/NAME"';

/** The address of the database, with an absolute file; or what is wrong with it. `plain` when it stands in the file itself. */
const databaseUrl = (url: string, plain: boolean, dataFolder: string): string | Wrong => {
  if (url.startsWith('sqlite:')) {
    const file = url.slice('sqlite:'.length);
    if (file === '' || file.startsWith('//') || file.startsWith(':'))
      return new Wrong('does not name a file', 'write "sqlite:FILE"; the file is relative to the data folder');
    return `sqlite:${inDataFolder(dataFolder, file)}`;
  }
  if (!/^postgres(ql)?:\/\//.test(url) || !URL.canParse(url))
    return new Wrong('is not the address of a database', urlHint);
  const { password, searchParams } = new URL(url);
  if (plain && (password !== '' || searchParams.has('password')))
    return new Wrong(
      'holds a password; the configuration holds no secrets',
      'write url: {env: NAME} or {file: PATH} and put the whole address there',
    );
  return url;
};

const databaseShape = strict({ url: sourceOrText.default({ text: 'sqlite:nightdrop.db' }) });

const database = (reading: Reading): Secret | undefined => {
  const path = ['database', 'url'];
  const absent = valueAt(reading.raw, ['database']) === undefined;
  const given = absent ? databaseShape.parse({}).url : read(reading, ['database'], databaseShape).good.url;
  if (!given) return undefined;
  const plain = 'text' in given;
  const found = plain ? new Secret(given.text) : reveal(reading, path, given);
  if (!found) return undefined;
  const url = databaseUrl(found.reveal(), plain, reading.dataFolder);
  if (typeof url === 'string') return new Secret(url);
  report(reading, path, url.message, url.hint);
  return undefined;
};

/** Reads `nightdrop.yaml`: the database, the spool, the listeners, limits, retention, alerts. */
export const readNightdropFile = (reading: Reading): NightdropFile | undefined => {
  const { good, whole: all } = read(reading, [], shape);
  const url = database(reading);
  const mailing = readMail(reading);
  const alerts = readAlerts(reading, good.alerts?.length ?? 0);
  if (!all || !url) return undefined;
  return {
    database: { url },
    spool: { folder: inDataFolder(reading.dataFolder, all.spool.folder) },
    web: webSection(all.web),
    retention: all.retention,
    alerts,
    late: all.late,
    sample: all.sample,
    ...(mailing ? { mail: mailing } : {}),
    ...(all.logLevel ? { logLevel: all.logLevel } : {}),
  };
};
