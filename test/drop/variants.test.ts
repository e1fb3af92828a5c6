import { chmodSync } from 'node:fs';
import { describe } from 'vitest';
import type { FtpsSpec } from '../../src/drop/drop.ts';
import { sshdMissing, startSshd } from '../servers/sshd.ts';
import { startVsftpd, vsftpdMissing, type VsftpdOptions } from '../servers/vsftpd.ts';
import { ftpsStage } from './ftps/stage.ts';
import { sftpStage } from './sftp/stage.ts';
import type { Stage } from './stage.ts';
import { anotherSession, describeVariants, type Variant } from './variants.ts';

type Rest = Omit<Variant, 'variant' | 'start'>;

const openssh = async (sftp: string, mode = 0o755): Promise<Stage> => {
  const stage = await sftpStage(() => startSshd({ sftp }));
  chmodSync(stage.folder, mode);
  return stage;
};

const onOpenssh = (variant: string, sftp: string, rest: Rest): Variant => ({
  variant,
  start: () => openssh(sftp),
  ...rest,
});

describe.skipIf((await sshdMissing()) !== undefined)('OpenSSH', () => {
  describeVariants('OpenSSH', [
    onOpenssh('read only', '-R', { ends: ['denied', 'hold'] }),
    onOpenssh('no rename', '-P rename,posix-rename', { ends: ['denied', 'hold'] }),
    onOpenssh('no list', '-P opendir,readdir', { ends: 'size', learned: { looks: 'by name' } }),
    onOpenssh('no stat', '-P lstat,stat', { ends: 'size', learned: { looks: 'by list' } }),
    onOpenssh('no stat, no list', '-P lstat,stat,opendir,readdir', { ends: 'size', learned: { looks: 'by reading' } }),
    onOpenssh('write only', '-P lstat,stat,fstat,opendir,readdir,read', { ends: ['blind', 'hold'] }),
    onOpenssh('write only, confirm: none', '-P lstat,stat,fstat,opendir,readdir,read', {
      ends: 'unchecked',
      options: { confirm: 'none' },
    }),
    onOpenssh('no remove', '-P remove', { ends: 'size' }),
    {
      variant: 'folder that may be written and not listed (mode 0300)',
      start: () => openssh('', 0o300),
      ends: 'size',
      learned: { looks: 'by name' },
    },
  ]);
});

const onVsftpd = (variant: string, options: VsftpdOptions, rest: Rest, changes: Partial<FtpsSpec> = {}): Variant => ({
  variant,
  start: () => ftpsStage(() => startVsftpd(options), changes),
  ...rest,
});

const denied = (commands: string, ...more: string[]): VsftpdOptions => ({
  config: [`cmds_denied=${commands}`, ...more],
});

describe.skipIf((await vsftpdMissing()) !== undefined)('vsftpd', () => {
  describeVariants('vsftpd', [
    onVsftpd('TLS 1.2', { newest: 'TLSv1.2' }, { ends: 'size', learned: { tls: 'TLSv1.2', session: 'reused' } }),
    onVsftpd('TLS 1.3', {}, { ends: 'size', learned: { tls: 'TLSv1.3', session: 'reused' } }),
    onVsftpd(
      'implicit TLS',
      { implicit: true },
      { ends: 'size', learned: { session: 'reused' } },
      { mode: 'implicit' },
    ),
    onVsftpd('read only', { config: ['write_enable=NO'] }, { ends: ['denied', 'hold'] }),
    onVsftpd('no rename', denied('RNFR,RNTO'), { ends: ['denied', 'hold'] }),
    onVsftpd('no list', { config: ['dirlist_enable=NO'] }, { ends: 'size', learned: { looks: 'by name' } }),
    onVsftpd('no stat', denied('SIZE,MDTM'), { ends: 'size', learned: { looks: 'by list' } }),
    onVsftpd('no stat, no list', denied('SIZE,MDTM', 'dirlist_enable=NO'), {
      ends: 'size',
      learned: { looks: 'by reading' },
    }),
    onVsftpd('write only', denied('SIZE,MDTM', 'dirlist_enable=NO', 'download_enable=NO'), { ends: ['blind', 'hold'] }),
    onVsftpd('write only, confirm: none', denied('SIZE,MDTM', 'dirlist_enable=NO', 'download_enable=NO'), {
      ends: 'unchecked',
      options: { confirm: 'none', replace: true },
    }),
    onVsftpd('no remove', denied('DELE'), { ends: 'size' }),
    onVsftpd('one session', { config: ['max_clients=1'] }, { ends: ['busy', 'retry'], meanwhile: anotherSession }),
    onVsftpd('no names with a dot in front', { config: ['deny_file={.*}'] }, { ends: ['denied', 'hold'] }),
    onVsftpd('no EPSV', denied('EPSV'), { ends: 'size', learned: { passive: 'PASV' } }),
    onVsftpd(
      'address of another host (PASV)',
      { config: ['cmds_denied=EPSV', 'pasv_address=192.0.2.7'] },
      {
        ends: 'size',
        learned: { passive: 'PASV, address 192.0.2.7 ignored' },
      },
    ),
  ]);
});
