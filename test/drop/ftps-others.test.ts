import { describe } from 'vitest';
import { proftpdMissing, startProftpdFtps, type ProftpdOptions } from '../servers/proftpd.ts';
import { pureFtpdMissing, startPureFtpd, type PureFtpdOptions } from '../servers/pure-ftpd.ts';
import { dropContract } from './contract.ts';
import { ftpsStage } from './ftps-stage.ts';

const proftpd =
  (options: ProftpdOptions = {}) =>
  (size?: string) =>
    startProftpdFtps({ ...options, ...(size !== undefined && { size }) });
const pureFtpd =
  (options: PureFtpdOptions = {}) =>
  (size?: string) =>
    startPureFtpd({ ...options, ...(size !== undefined && { size }) });

const noProftpd = await proftpdMissing();
const noPureFtpd = await pureFtpdMissing();

describe.skipIf(noProftpd !== undefined)('ProFTPD', () => {
  dropContract('ftps (mod_tls, explicit, TLS 1.3, session reuse required)', () => ftpsStage(proftpd()));
});

describe.skipIf(noPureFtpd !== undefined)('Pure-FTPd', () => {
  dropContract('ftps (explicit, TLS 1.3)', () => ftpsStage(pureFtpd()));
});
