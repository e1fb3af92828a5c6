import { describe } from 'vitest';
import type { FtpsSpec } from '../../../src/drop/drop.ts';
import { type ProftpdOptions, proftpdMissing, startProftpdFtps } from '../../servers/proftpd.ts';
import { pureFtpdMissing, type PureFtpdOptions, startPureFtpd } from '../../servers/pure-ftpd.ts';
import { dropContract } from '../contract.ts';
import { ftpsStage } from './stage.ts';
import { anotherSession, describeVariants, type Variant } from '../variants.ts';

const sized = (size: string | undefined) => (size === undefined ? {} : { size });
const proftpd = (options: ProftpdOptions = {}, changes: Partial<FtpsSpec> = {}) =>
  ftpsStage((size) => startProftpdFtps({ ...options, ...sized(size) }), changes);
const pureFtpd = (options: PureFtpdOptions = {}, changes: Partial<FtpsSpec> = {}) =>
  ftpsStage((size) => startPureFtpd({ ...options, ...sized(size) }), changes);

const only = (version: FtpsSpec['tls']['min']) => ({ tls: { min: version, max: version } });

type Rest = Omit<Variant, 'variant' | 'start'>;

const denying = (commands: string): string[] => [`<Limit ${commands}>`, 'DenyAll', '</Limit>'];

/** Makes names upper case wherever they come in. */
const upperCase = [
  'LoadModule mod_rewrite.c',
  'RewriteEngine on',
  'RewriteMap upper int:toupper',
  'RewriteCondition %m "^(STOR|RETR|RNFR|RNTO|DELE|SIZE|MDTM|MLST)$"',
  'RewriteRule "^(.*)$" "${upper:$1}"',
];

const onProftpd = (variant: string, config: string[], rest: Rest, changes: Partial<FtpsSpec> = {}): Variant => ({
  variant,
  start: () => proftpd({ config }, changes),
  ...rest,
});

describe.skipIf((await proftpdMissing()) !== undefined)('ProFTPD', () => {
  dropContract('ftps (mod_tls, explicit, TLS 1.3, session reuse required)', () => proftpd());
  dropContract('ftps (mod_tls, explicit, TLS 1.2, session reuse required)', () => proftpd({}, only('TLSv1.2')));

  describeVariants('ProFTPD mod_tls', [
    onProftpd('TLS 1.2', [], { ends: 'size', learned: { tls: 'TLSv1.2', session: 'reused' } }, only('TLSv1.2')),
    onProftpd('TLS 1.3', [], { ends: 'size', learned: { tls: 'TLSv1.3', session: 'reused' } }, only('TLSv1.3')),
    onProftpd('read only', denying('WRITE'), { ends: ['denied', 'hold'] }),
    onProftpd('no rename', denying('RNFR RNTO'), { ends: ['denied', 'hold'] }),
    onProftpd('no list', denying('LIST NLST MLSD'), { ends: 'size', learned: { looks: 'by name' } }),
    onProftpd('no stat', denying('SIZE MLST MDTM'), { ends: 'size', learned: { looks: 'by list' } }),
    onProftpd('no stat, no list', denying('SIZE MLST MDTM LIST NLST MLSD'), {
      ends: 'size',
      learned: { looks: 'by reading' },
    }),
    onProftpd('write only', denying('SIZE MLST MDTM LIST NLST MLSD READ RETR'), { ends: ['blind', 'hold'] }),
    onProftpd('write only, confirm: none', denying('SIZE MLST MDTM LIST NLST MLSD READ RETR'), {
      ends: 'unchecked',
      options: { confirm: 'none', replace: true },
    }),
    onProftpd('no remove', denying('DELE'), { ends: 'size' }),
    onProftpd('one session', ['MaxClients 1'], { ends: ['busy', 'retry'], meanwhile: anotherSession }),
    onProftpd('no overwriting, the name is there', ['AllowOverwrite off'], {
      theirs: 'orders.csv',
      ends: ['taken', 'hold'],
    }),
    onProftpd('no overwriting, replace: true', ['AllowOverwrite off'], {
      theirs: 'orders.csv',
      options: { replace: true },
      ends: 'size',
    }),
    onProftpd('no names with a dot in front', [String.raw`PathDenyFilter "(^|/)\\.[^/]*$"`], {
      ends: ['denied', 'hold'],
    }),
    onProftpd('files of 10 KB at most', ['MaxStoreFileSize 10 Kb'], { ends: ['disk-full', 'retry'] }),
    onProftpd('makes names upper case', upperCase, { ends: 'size', called: 'ORDERS.CSV' }),
    { variant: 'quota of 100 KB', start: () => proftpd({ quota: 100_000 }), ends: ['disk-full', 'retry'] },
    onProftpd('no EPSV', denying('EPSV'), { ends: 'size', learned: { passive: 'PASV' } }),
    onProftpd('address of another host (PASV)', [...denying('EPSV'), 'MasqueradeAddress 192.0.2.7'], {
      ends: 'size',
      learned: { passive: 'PASV, address 192.0.2.7 ignored' },
    }),
  ]);
});

const onPureFtpd = (variant: string, args: string[], rest: Rest, changes: Partial<FtpsSpec> = {}): Variant => ({
  variant,
  start: () => pureFtpd({ args }, changes),
  ...rest,
});

describe.skipIf((await pureFtpdMissing()) !== undefined)('Pure-FTPd', () => {
  dropContract('ftps (explicit, TLS 1.3)', () => pureFtpd());
  dropContract('ftps (explicit, TLS 1.2)', () => pureFtpd({}, only('TLSv1.2')));

  describeVariants('Pure-FTPd', [
    onPureFtpd('TLS 1.2', [], { ends: 'size', learned: { tls: 'TLSv1.2', session: 'reused' } }, only('TLSv1.2')),
    onPureFtpd('TLS 1.3', [], { ends: 'size', learned: { tls: 'TLSv1.3', session: 'new' } }, only('TLSv1.3')),
    onPureFtpd('no rename', ['-G'], { ends: ['denied', 'hold'] }),
    onPureFtpd('no remove', ['-K'], { ends: 'size' }),
    onPureFtpd('one session', ['-C', '1'], { ends: ['busy', 'retry'], meanwhile: anotherSession }),
    onPureFtpd('no names with a dot in front', ['-x'], { ends: ['denied', 'hold'] }),
    onPureFtpd('disk more than 1 % full', ['-k', '1'], { ends: ['disk-full', 'retry'] }),
    { variant: 'quota of 100 KB', start: () => pureFtpd({ quota: 100_000 }), ends: ['disk-full', 'retry'] },
    onPureFtpd('uploads to a name of its own first', ['-0'], { ends: 'size' }),
    onPureFtpd('address of another host (PASV)', ['-P', '192.0.2.7', '-4'], { ends: 'size' }),
  ]);
});
