import { describe } from 'vitest';
import type { FtpsSpec } from '../../src/drop/drop.ts';
import { proftpdMissing, startProftpdFtps, startProftpdSftp } from '../servers/proftpd.ts';
import { startProxy, type Proxy } from '../servers/proxy.ts';
import { pureFtpdMissing, startPureFtpd } from '../servers/pure-ftpd.ts';
import { sshdMissing, startSshd } from '../servers/sshd.ts';
import { startVsftpd, vsftpdMissing } from '../servers/vsftpd.ts';
import type { Server } from './conformance.ts';
import { canBeHere } from './conformance-machine.ts';
import { type FtpsServer, ftpsStage } from './ftps/stage.ts';
import { type SftpServer, sftpStage } from './sftp/stage.ts';
import type { Stage } from './stage.ts';
import { describeVariants, type Variant } from './variants.ts';

/** What every server can be: IPv6 only, with a folding file system, behind a line with faults. */
interface Place {
  address?: '::1';
  folds?: boolean;
}

type Changes = Partial<Pick<FtpsSpec, 'host' | 'stepTimeout'>>;

/** Whatever stands before a server. */
type Front = <T extends { port: number; stop(): Promise<void> }>(server: T) => Promise<T>;

interface Kind {
  server: Server;
  missing: string | undefined;
  open(place: Place, changes?: Changes, front?: Front): Promise<Stage>;
}

const bare: Front = (server) => Promise.resolve(server);

const sftp = (
  server: Server,
  missing: string | undefined,
  start: (place: Place) => Promise<SftpServer & { folder: string; stop(): Promise<void> }>,
): Kind => ({
  server,
  missing,
  open: (place, changes = {}, front = bare) => sftpStage(async () => front(await start(place)), changes),
});

const ftps = (
  server: Server,
  missing: string | undefined,
  start: (place: Place) => Promise<FtpsServer>,
): Kind & { ftps: true } => ({
  server,
  missing,
  ftps: true,
  open: (place, changes = {}, front = bare) => ftpsStage(async () => front(await start(place)), changes),
});

const [ssh, pro, vs, pure, isPossible] = await Promise.all([
  sshdMissing(),
  proftpdMissing(),
  vsftpdMissing(),
  pureFtpdMissing(),
  canBeHere(),
]);

const kinds: (Kind & { ftps?: true })[] = [
  sftp('OpenSSH', ssh, startSshd),
  sftp('ProFTPD mod_sftp', pro, startProftpdSftp),
  ftps('vsftpd', vs, startVsftpd),
  ftps('ProFTPD mod_tls', pro, startProftpdFtps),
  ftps('Pure-FTPd', pure, startPureFtpd),
];

let proxy: Proxy | undefined;

/** A proxy before the port that is called; data connections of FTPS pass it by. */
const proxied =
  (host = '127.0.0.1'): Front =>
  async (server) => {
    const opened = await startProxy(server.port, 0, { host, port: 0 });
    proxy = opened;
    const stop = async () => {
      await opened.close();
      await server.stop();
    };
    return { ...server, port: opened.port, stop };
  };

const silence = (): void => {
  proxy?.swallow('up');
  proxy?.swallow('down');
};

const allVariants = ({ open, ...kind }: Kind & { ftps?: true }): Variant[] => [
  {
    variant: 'IPv6 only',
    start: () => open({ address: '::1' }, { host: '::1' }),
    ends: 'size',
    ...(kind.ftps && { learned: { passive: 'EPSV' } }),
  },
  {
    variant: 'upper and lower case are one name (exFAT)',
    start: () => open({ folds: true }),
    ends: 'size',
  },
  {
    variant: 'upper and lower case are one name (exFAT), ORDERS.CSV is there',
    start: () => open({ folds: true }),
    theirs: 'ORDERS.CSV',
    ends: ['taken', 'hold'],
  },
  {
    variant: 'line cut while bytes are on their way',
    start: () => open({}, {}, proxied()),
    bytes: 8_000_000,
    onTheWay: () => proxy?.cut(),
    leaves: 'a part',
    ends: ['cut', 'retry'],
  },
  {
    variant: 'line silent while bytes are on their way',
    start: () => open({}, { stepTimeout: 1_500 }, proxied()),
    bytes: 8_000_000,
    onTheWay: silence,
    leaves: 'a part',
    ends: ['timeout', 'retry'],
  },
  ...(kind.ftps
    ? [
        {
          variant: 'passive ports closed',
          start: () => open({}, { host: '127.0.0.2' }, proxied('127.0.0.2')),
          ends: ['unreachable', 'retry'],
        } satisfies Variant,
      ]
    : []),
];

for (const kind of kinds)
  describe.skipIf(kind.missing !== undefined)(kind.server, () => {
    const variants = allVariants(kind).filter(({ variant }) => isPossible(variant));
    describeVariants(kind.server, variants);
  });
