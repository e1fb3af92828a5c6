import { once } from 'node:events';
import { chmodSync, chownSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer as createWebServer } from 'node:http';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import type { FtpsSpec } from '../../../src/drop/drop.ts';
import { Secret } from '../../../src/secret.ts';
import { certificates } from '../../servers/certificates.ts';
import { proftpdMissing, startProftpdFtps } from '../../servers/proftpd.ts';
import { pureFtpdMissing, startPureFtpd } from '../../servers/pure-ftpd.ts';
import { startTalker } from '../../servers/talker.ts';
import { startVsftpd, vsftpdMissing, type Vsftpd, type VsftpdOptions } from '../../servers/vsftpd.ts';
import { contents, failed, look, resultOf } from './stage.ts';
import { ftpsSpec } from '../ftps/stage.ts';

const stops: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

const vsftpd = async (options: VsftpdOptions = {}): Promise<Vsftpd> => {
  const server = await startVsftpd(options);
  stops.push(() => server.stop());
  return server;
};

const listening = async (server: Server, host = '127.0.0.1'): Promise<number> => {
  server.listen(0, host);
  await once(server, 'listening');
  stops.push(() => void server.close());
  return (server.address() as AddressInfo).port;
};

const noVsftpd = await vsftpdMissing();
const noProftpd = await proftpdMissing();
const noPureFtpd = await pureFtpdMissing();

describe('a sound FTPS server passes every step, and nothing is left behind', () => {
  it.skipIf(noVsftpd !== undefined).each([
    ['vsftpd', {}, 'explicit'],
    ['vsftpd, TLS 1.2', { newest: 'TLSv1.2' }, 'explicit'],
    ['vsftpd, implicit', { implicit: true }, 'implicit'],
  ] as const)('%s', async (_, options, mode) => {
    const server = await vsftpd(options);
    writeFileSync(join(server.folder, 'older.csv'), 'kept');
    const before = contents(server.folder);
    const report = await look({ ...ftpsSpec(server), mode });
    expect(report.steps.filter(({ result }) => result === 'failed' || result === 'not tried')).toEqual([]);
    expect(report.ok).toBe(true);
    expect(report.learned).toMatchObject({ session: 'reused', renames: 'replaces', looks: 'by name', passive: 'EPSV' });
    expect(resultOf(report, 'taken')).toMatchObject({ result: 'note', cause: 'a rename of this server overwrites' });
    expect(resultOf(report, 'certificate')?.detail).toContain('signed by Nightdrop test ca');
    expect(server.log()).toContain('"USER ');
    expect(contents(server.folder)).toEqual(before);
  });

  it.skipIf(noProftpd !== undefined)('ProFTPD', async () => {
    const server = await startProftpdFtps({});
    stops.push(() => server.stop());
    const report = await look(ftpsSpec(server));
    expect(report.steps.filter(({ result }) => result === 'failed' || result === 'not tried')).toEqual([]);
    expect(report.learned.software).toContain('ProFTPD');
    expect(readdirSync(server.folder)).toEqual([]);
  });

  it.skipIf(noPureFtpd !== undefined)('Pure-FTPd', async () => {
    const server = await startPureFtpd({});
    stops.push(() => server.stop());
    const report = await look(ftpsSpec(server));
    expect(report.steps.filter(({ result }) => result === 'failed' || result === 'not tried')).toEqual([]);
    expect(readdirSync(server.folder)).toEqual([]);
  });
});

describe.skipIf(noVsftpd !== undefined)('a vsftpd that is set up wrongly', () => {
  it('1: plain FTP only', async () => {
    const server = await vsftpd({ config: ['ssl_enable=NO'] });
    const found = failed(await look(ftpsSpec(server)));
    expect(found).toMatchObject({ step: 'tls' });
    expect(found.cause).toContain('plain FTP');
    expect(server.log()).not.toContain('"USER ');
  });

  it.each([
    ['2: a certificate of another host', 'wrongHost', 'other.example', '"host"'],
    ['3: an expired certificate', 'expired', 'valid until', 'renewed'],
    ['4: a certificate without an authority', 'selfSigned', 'signed by itself', 'ca: {file: PATH}'],
  ] as const)('%s: no credentials are sent', async (_, which, cause, hint) => {
    const server = await vsftpd({ certificate: certificates()[which] });
    const report = await look(ftpsSpec(server));
    const found = failed(report);
    expect(found.step).toBe('certificate');
    expect(found.cause).toContain(cause);
    expect(found.hint).toContain(hint);
    expect(found.hint).toContain(`certificates: ["${server.fingerprint}"]`);
    expect(report.block).toContain(`    certificates: ["${server.fingerprint}"]   # `);
    expect(server.log()).not.toContain('"USER ');
  });

  it('5: another certificate than the pinned one', async () => {
    const server = await vsftpd({ certificate: certificates().renewed });
    const found = failed(await look({ ...ftpsSpec(server), certificates: [certificates().server.fingerprint] }));
    expect(found.step).toBe('certificate');
    expect(found.cause).toContain(certificates().server.fingerprint);
    expect(found.hint).toContain(server.fingerprint);
  });

  it('a pinned certificate of another host is fine', async () => {
    const server = await vsftpd({ certificate: certificates().wrongHost });
    const report = await look({ ...ftpsSpec(server), certificates: [server.fingerprint] });
    expect(report.ok).toBe(true);
  });

  it('6: TLS from the first byte where explicit is configured', async () => {
    const server = await vsftpd({ implicit: true });
    const report = await look({ ...ftpsSpec(server), stepTimeout: 1_500 }, { mode: 'explicit' });
    expect(failed(report)).toMatchObject({ step: 'greeting', cause: 'this port wants TLS from the first byte' });
    expect(report.block).toContain('    mode: implicit   # ');
  });

  it('7: a greeting in the clear where implicit is configured', async () => {
    const server = await vsftpd();
    const report = await look({ ...ftpsSpec(server), mode: 'implicit' });
    const found = failed(report);
    expect(found.step).toBe('tls');
    expect(found.hint).toContain('mode: explicit');
    expect(report.block).toContain('    mode: explicit   # ');
  });

  it('8: a wrong password', async () => {
    const server = await vsftpd();
    const found = failed(await look({ ...ftpsSpec(server), password: new Secret('not this one') }));
    expect(found.step).toBe('sign-in');
    expect(found.cause).toContain('with this password');
    expect(JSON.stringify(found)).not.toContain('not this one');
  });

  it('9: a missing folder', async () => {
    const server = await vsftpd();
    const found = failed(await look({ ...ftpsSpec(server), folder: '/nowhere' }));
    expect(found.step).toBe('folder');
    expect(found.cause).toContain('/nowhere');
    expect(found.cause).toContain('the server puts us into /');
  });

  it('10: a folder that is not writable', async () => {
    const server = await vsftpd();
    chownSync(server.folder, 0, 0);
    chmodSync(server.folder, 0o755);
    const found = failed(await look(ftpsSpec(server)));
    expect(found.step).toBe('write');
    expect(found.cause).toContain('may not write in /in');
  });

  it('11: an unroutable passive address: a note, and it works', async () => {
    const server = await vsftpd({ config: ['pasv_address=10.99.99.99', 'cmds_denied=EPSV'] });
    const report = await look(ftpsSpec(server));
    expect(report.steps.filter(({ result }) => result === 'failed')).toEqual([]);
    expect(resultOf(report, 'passive')).toMatchObject({ result: 'note' });
    expect(resultOf(report, 'passive')?.detail).toContain('10.99.99.99');
    expect(resultOf(report, 'passive')?.cause).toContain('NAT');
  });

  it('12: a closed range of passive ports', async () => {
    const server = await vsftpd({ certificate: certificates().server });
    // Its passive ports listen on 127.0.0.1; whoever calls 127.0.0.2 finds the control port only.
    const front = createServer((client) => {
      const back = connect({ host: '127.0.0.1', port: server.port });
      client.on('error', () => back.destroy()).on('close', () => back.destroy());
      back.on('error', () => client.destroy()).on('close', () => client.destroy());
      client.pipe(back).pipe(client);
    });
    const port = await listening(front, '127.0.0.2');
    const pinned = { certificates: [server.fingerprint] };
    const report = await look({ ...ftpsSpec(server), ...pinned, host: '127.0.0.2', port });
    const found = failed(report);
    expect(found.step).toBe('passive');
    expect(found.cause).toContain('the data connection cannot be made');
    expect(found.hint).toContain('passive port range');
    expect(resultOf(report, 'sign-in')?.result).toBe('ok');
  });

  it('13: no TLS version in common with what is configured', async () => {
    const server = await vsftpd({ newest: 'TLSv1.2' });
    const found = failed(await look({ ...ftpsSpec(server), tls: { min: 'TLSv1.3', max: 'TLSv1.3' } }));
    expect(found).toMatchObject({ step: 'tls', hint: 'set tls: { min: TLSv1.2, max: TLSv1.3 }' });
  });

  it('14: nobody may rename', async () => {
    const server = await vsftpd({ config: ['cmds_denied=RNFR,RNTO'] });
    const report = await look(ftpsSpec(server));
    const found = failed(report);
    expect(found.step).toBe('rename');
    expect(found.hint).toContain('rename: false');
    expect(report.block).toContain('rename: false');
    expect(contents(server.folder)).toEqual([]);
  });

  it('15: the disk is full', async () => {
    const server = await vsftpd({ size: '1m' });
    writeFileSync(join(server.folder, 'fill'), Buffer.alloc(1024 * 1024));
    const found = failed(await look(ftpsSpec(server)));
    expect(found).toMatchObject({ step: 'write', cause: 'no space or quota is left at the drop' });
    expect(readdirSync(server.folder)).toEqual(['fill']);
  });

  it('16: names that begin with a dot are refused', async () => {
    const server = await vsftpd({ config: ['deny_file={.*}'] });
    const report = await look(ftpsSpec(server));
    const found = failed(report);
    expect(found).toMatchObject({ step: 'write' });
    expect(found.cause).toContain('names that begin with a dot');
    expect(readdirSync(server.folder)).toEqual([]);
  });

  it('17: one session at a time: a note and the setting', async () => {
    const server = await vsftpd({ config: ['max_per_ip=1'] });
    const report = await look(ftpsSpec(server));
    expect(report.steps.filter(({ result }) => result === 'failed')).toEqual([]);
    expect(resultOf(report, 'sessions')).toMatchObject({ result: 'note', hint: 'set "sessions: 1" for this drop' });
    expect(report.block).toContain('    sessions: 1   # ');
  });
});

const somewhere = (port: number, changes: Partial<FtpsSpec> = {}): FtpsSpec => ({
  ...ftpsSpec({ port, user: 'any', password: 'any' }),
  stepTimeout: 900,
  ...changes,
});

describe('what is no FTPS server', () => {
  it.each(['explicit', 'implicit'] as const)('18: a web server (%s)', async (mode) => {
    const port = await listening(createWebServer());
    const found = failed(await look(somewhere(port, { mode })));
    expect(found.cause).toContain('a web server (HTTP)');
  });

  it('19: an SSH server', async () => {
    const ssh = await startTalker((socket) => void socket.write('SSH-2.0-OpenSSH_9.6\r\n'));
    stops.push(() => ssh.close());
    const found = failed(await look(somewhere(ssh.port)));
    expect(found).toMatchObject({
      step: 'greeting',
      hint: 'if the partner means SFTP: "kind: sftp"; otherwise correct "port"',
    });
  });

  it.each(['explicit', 'implicit'] as const)('20: a server that stays silent (%s)', async (mode) => {
    const silent = await startTalker(() => undefined);
    stops.push(() => silent.close());
    expect(failed(await look(somewhere(silent.port, { mode }))).cause).toContain('stays silent');
  });
});

const pair = () => {
  const { certificate, key } = certificates().server;
  return { cert: readFileSync(certificate), key: readFileSync(key) };
};

/** Speaks just enough FTP, with TLS from the first byte; `answers` begins with the verb's own answer. */
const startScripted = async (answers: Record<string, string>): Promise<number> => {
  const data = createTlsServer(pair(), (socket) => void socket.on('error', () => undefined));
  data.on('tlsClientError', () => undefined);
  const dataPort = await listening(data);
  const usual: Record<string, string> = {
    ...{ USER: '331 password', PASS: '230 in', FEAT: '211 none', PBSZ: '200 ok', PROT: '200 ok', TYPE: '200 ok' },
    ...{ CWD: '250 ok', EPSV: `229 (|||${dataPort}|)`, QUIT: '221 bye' },
    ...answers,
  };
  const serve = (socket: TLSSocket) => {
    socket.on('error', () => undefined).write('220 scripted\r\n');
    socket.on('data', (bytes: Buffer) => {
      for (const line of bytes
        .toString()
        .split('\r\n')
        .filter((each) => each !== ''))
        socket.write(`${usual[line.split(' ')[0] ?? ''] ?? '502 not known'}\r\n`);
    });
  };
  const server = createTlsServer(pair(), serve);
  server.on('tlsClientError', () => undefined);
  return listening(server);
};

describe('a scripted server', () => {
  it('21: requires session reuse and does not see it', async () => {
    const no = '522 SSL connection failed; session reuse required: see require_ssl_reuse option';
    const port = await startScripted({ LIST: no, MLSD: no });
    const found = failed(await look(somewhere(port, { mode: 'implicit', stepTimeout: 3_000 })));
    expect(found.step).toBe('passive');
    expect(found.cause).toContain('take up the TLS session');
    expect(found.hint).toContain('tls: { max: TLSv1.2 }');
  });

  it('22: knows only versions of TLS that are too old', async () => {
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL@SECLEVEL=0' } as const;
    const server = createTlsServer({ ...pair(), ...old });
    server.on('tlsClientError', () => undefined);
    const port = await listening(server);
    const found = failed(await look(somewhere(port, { mode: 'implicit', stepTimeout: 3_000 })));
    expect(found.step).toBe('tls');
    expect(found.cause).toContain('only older ones');
    expect(found.hint).toContain('TLS 1.2 or newer');
  });
});
