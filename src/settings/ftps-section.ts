import { z } from 'zod';
import { authorityProblem } from '../drop/ftps/authority.ts';
import type { FtpsSpec } from '../drop/drop.ts';
import type { DropPlan } from '../outbound/delivery/delivery.ts';
import { common, options, plan, withoutSlash } from './drop-common.ts';
import { type Path, type Reading, report, valueAt } from './problem.ts';
import { bytesIn, reveal, secretSource } from './secret-source.ts';
import { oneOf, read, strict, text, whole } from './shape.ts';
import { certificateFingerprint, host } from './values.ts';

const versions = oneOf(['TLSv1.2', 'TLSv1.3'], {
  TLSv1: 'TLS 1.0 is broken and not offered',
  'TLSv1.0': 'TLS 1.0 is broken and not offered',
  'TLSv1.1': 'TLS 1.1 is broken and not offered',
});

const shape = strict({
  ...common,
  host,
  mode: oneOf(['explicit', 'implicit']).default('explicit'),
  port: whole(1, 65535).optional(),
  user: text('nightdrop'),
  password: secretSource,
  ca: z.unknown().optional(),
  certificates: z.array(certificateFingerprint).min(1).optional(),
  tls: z.unknown().optional(),
  folder: text('/inbound').default('.'),
});
const caShape = strict({ file: text('certificates/partner-ca.pem') });
const tlsShape = strict({ min: versions.default('TLSv1.2'), max: versions.default('TLSv1.3') });

const standard = { explicit: 21, implicit: 990 } as const;

/** The authorities that stand in the file; undefined when none is given or something is wrong with them. */
const authorities = (reading: Reading, path: Path): string | undefined => {
  if (valueAt(reading.raw, path) === undefined) return undefined;
  const file = read(reading, path, caShape).whole?.file;
  const pem = file === undefined ? undefined : bytesIn(reading, [...path, 'file'], file)?.toString();
  const problem = pem === undefined ? undefined : authorityProblem(pem, reading.now);
  if (problem) report(reading, [...path, 'file'], problem.message, problem.hint);
  return problem ? undefined : pem;
};

const tlsRange = (reading: Reading, path: Path): FtpsSpec['tls'] | undefined => {
  if (valueAt(reading.raw, path) === undefined) return { min: 'TLSv1.2', max: 'TLSv1.3' };
  const range = read(reading, path, tlsShape).whole;
  if (range && range.min > range.max) {
    report(reading, path, 'min is newer than max', 'write min: TLSv1.2, max: TLSv1.3, or leave it out');
    return undefined;
  }
  return range;
};

/** A line break in one of these would be a command of its own. */
const checkOneLine = (reading: Reading, path: Path, values: Record<string, string | undefined>): void => {
  for (const [key, value] of Object.entries(values))
    if (/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(value ?? ''))
      report(
        reading,
        [...path, key],
        'contains a control character',
        'a command of FTP is one line; correct it',
        '***',
      );
};

const checkTrust = (reading: Reading, path: Path): void => {
  const given = (key: string) => valueAt(reading.raw, [...path, key]) !== undefined;
  if (given('ca') && given('certificates'))
    report(reading, [...path, 'ca'], 'is not used: the pinned certificates stand instead', 'keep one of the two');
};

/** FTP's rename overwrites: where nobody looks before it, somebody must have said that this is meant. */
const checkUnseen = (reading: Reading, path: Path, confirm: string | undefined, replace: boolean | undefined): void => {
  if (confirm !== 'none' || replace === true) return;
  const message = 'needs "replace: true" over FTPS, where an upload overwrites and nobody looks before it';
  report(reading, [...path, 'confirm'], message, 'set it if nobody else puts files there; or leave "confirm" out');
};

/** Reads a drop of the kind `ftps`. */
export const ftpsDrop = (reading: Reading, path: Path, name: string): DropPlan | undefined => {
  const { good, whole: all } = read(reading, path, shape);
  checkTrust(reading, path);
  const password = reveal(reading, [...path, 'password'], good.password);
  const { user, folder, partialFolder } = good;
  checkUnseen(reading, path, good.confirm, good.replace);
  checkOneLine(reading, path, { user, password: password?.reveal(), folder, partialFolder });
  const ca = authorities(reading, [...path, 'ca']);
  const tls = tlsRange(reading, [...path, 'tls']);
  if (!all || !password || !tls) return undefined;
  const { host: server, mode, certificates } = all;
  const spec: FtpsSpec = {
    kind: 'ftps',
    name,
    host: server,
    port: all.port ?? standard[mode],
    mode,
    user: all.user,
    password,
    ...(ca !== undefined && { ca }),
    ...(certificates && { certificates }),
    tls,
    folder: withoutSlash(all.folder),
    ...options(all),
  };
  return plan(spec, all);
};
