import { chmodSync } from 'node:fs';
import { describe } from 'vitest';
import type { SftpSpec } from '../../../src/drop/drop.ts';
import { openDrop } from '../../../src/drop/open-drop.ts';
import { Secret } from '../../../src/secret.ts';
import { proftpdMissing, startProftpdSftp } from '../../servers/proftpd.ts';
import { dropContract } from '../contract.ts';
import type { Stage } from '../stage.ts';
import { anotherSession, describeVariants, type Variant } from '../variants.ts';

const missing = await proftpdMissing();

type Server = Awaited<ReturnType<typeof startProftpdSftp>>;

const stageOf = (server: Server): Stage => {
  const spec: SftpSpec = {
    kind: 'sftp',
    name: 'acme-sftp',
    host: '127.0.0.1',
    port: server.port,
    user: server.user,
    password: new Secret(server.password),
    hostKeys: [server.fingerprint],
    folder: '/in',
    concurrency: 16,
    stepTimeout: 5_000,
    replace: false,
  };
  return {
    open: (changes) => openDrop({ ...spec, ...changes }),
    folder: server.folder,
    forbid: () => {
      chmodSync(server.folder, 0o555);
      return () => chmodSync(server.folder, 0o755);
    },
    small: async () => stageOf(await startProftpdSftp({ size: '4m' })),
    stop: () => server.stop(),
  };
};

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
  start: async () => stageOf(await startProftpdSftp({ config })),
  ...rest,
});

describe.skipIf(missing !== undefined)('ProFTPD', () => {
  dropContract('sftp (mod_sftp)', async () => stageOf(await startProftpdSftp()));

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
    variant('makes names upper case', upperCase, { ends: 'size', called: 'ORDERS.CSV' }),
  ]);
});
