import { describe } from 'vitest';
import { type ProftpdOptions, proftpdMissing, startProftpdSftp } from '../../servers/proftpd.ts';
import { dropContract } from '../contract.ts';
import type { Stage } from '../stage.ts';
import { anotherSession, describeVariants, type Variant } from '../variants.ts';
import { sftpStage } from './stage.ts';

const missing = await proftpdMissing();

const proftpd = (options: ProftpdOptions = {}): Promise<Stage> =>
  sftpStage((size) => startProftpdSftp({ ...options, ...(size !== undefined && { size }) }));

const denying = (commands: string): string[] => [`<Limit ${commands}>`, 'DenyAll', '</Limit>'];

/** Makes names upper case wherever they come in; the folder itself keeps its name. */
const upperCase = [
  'LoadModule mod_rewrite.c',
  'RewriteEngine on',
  'RewriteMap upper int:toupper',
  'RewriteCondition %m "^(STOR|RETR|RNFR|RNTO|DELE|SIZE|MDTM|MLST|OPEN|LSTAT|STAT|REMOVE|RENAME)$"',
  'RewriteRule "^(.*/)([^/]+\\\\.[^/]+)$" "$1${upper:$2}"',
];

const variant = (name: string, config: string[], rest: Omit<Variant, 'variant' | 'start'>): Variant => ({
  variant: name,
  start: () => proftpd({ config }),
  ...rest,
});

describe.skipIf(missing !== undefined)('ProFTPD', () => {
  dropContract('sftp (mod_sftp)', () => proftpd());

  describeVariants('ProFTPD mod_sftp', [
    variant('read only', denying('WRITE'), { ends: ['denied', 'hold'] }),
    variant('no rename', denying('RNFR RNTO RENAME'), { ends: ['denied', 'hold'] }),
    variant('no list', denying('LIST NLST MLSD OPENDIR READDIR'), { ends: 'size', learned: { looks: 'by name' } }),
    variant('no stat', denying('STAT LSTAT'), { ends: 'size', learned: { looks: 'by list' } }),
    variant('no stat, no list', denying('STAT LSTAT OPENDIR READDIR'), {
      ends: 'size',
      learned: { looks: 'by reading' },
    }),
    variant('write only', denying('STAT LSTAT FSTAT OPENDIR READDIR READ RETR'), { ends: ['blind', 'hold'] }),
    variant('write only, confirm: none', denying('STAT LSTAT FSTAT OPENDIR READDIR READ RETR'), {
      ends: 'unchecked',
      options: { confirm: 'none' },
    }),
    variant('no remove', denying('DELE REMOVE'), { ends: 'size' }),
    variant('one session', ['MaxClients 1'], { ends: ['busy', 'retry'], meanwhile: anotherSession }),
    variant('no names with a dot in front', [String.raw`PathDenyFilter "(^|/)\\.[^/]*$"`], {
      ends: ['denied', 'hold'],
    }),
    variant('files of 10 KB at most', ['MaxStoreFileSize 10 Kb'], { ends: ['disk-full', 'retry'] }),
    // It says yes to every write and to the close, and removes the file then.
    { variant: 'quota of 100 KB', start: () => proftpd({ quota: 100_000 }), ends: ['size', 'retry'] },
    variant('makes names upper case', upperCase, { ends: 'size', called: 'ORDERS.CSV' }),
  ]);
});
