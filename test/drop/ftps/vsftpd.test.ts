import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FtpsSpec } from '../../../src/drop/drop.ts';
import { certificateOf } from '../../../src/drop/ftps/open.ts';
import { openDrop } from '../../../src/drop/open-drop.ts';
import { Secret } from '../../../src/secret.ts';
import { certificates, type Certificates } from '../../servers/certificates.ts';
import { startVsftpd, vsftpdMissing, type Vsftpd, type VsftpdOptions } from '../../servers/vsftpd.ts';
import { dropContract } from '../contract.ts';
import { ftpsSpec, ftpsStage } from './stage.ts';
import { deliver, digestIn, faultOf, namesIn, outgoing } from '../stage.ts';
import { until } from '../../until.ts';

const missing = await vsftpdMissing();

/** In vsftpd's log. */
const credentials = /command: .*"(USER|PASS)/;

const vsftpd =
  (options: VsftpdOptions = {}) =>
  (size?: string) =>
    startVsftpd({ ...options, ...(size !== undefined && { size }) });

const during = async (options: VsftpdOptions, work: (server: Vsftpd) => Promise<void>): Promise<void> => {
  const server = await startVsftpd(options);
  await work(server).finally(() => server.stop());
};

const stageOf = (server: Vsftpd, changes: Partial<FtpsSpec> = {}) => ({
  open: (more: Partial<FtpsSpec> = {}) => openDrop({ ...ftpsSpec(server), ...changes, ...more }),
});

describe.skipIf(missing !== undefined)('vsftpd', () => {
  dropContract('ftps (explicit, TLS 1.3, session reuse required)', () => ftpsStage(vsftpd()));
  dropContract('ftps (explicit, TLS 1.2, session reuse required)', () => ftpsStage(vsftpd({ newest: 'TLSv1.2' })));
  dropContract('ftps (implicit, EPSV off, wrong address in PASV)', () =>
    ftpsStage(vsftpd({ implicit: true, config: ['cmds_denied=EPSV', 'pasv_address=10.9.8.7'] }), { mode: 'implicit' }),
  );

  describe('signing in', () => {
    let server: Vsftpd;
    beforeAll(async () => void (server = await startVsftpd()));
    afterAll(() => server.stop());
    const open = (changes: Partial<FtpsSpec> = {}) => openDrop({ ...ftpsSpec(server), ...changes });

    it.each([
      ['a wrong password', { password: new Secret('wrong horse') }],
      ['an unknown user', { user: 'nobody-here' }],
    ])('holds after %s', async (_, changes) => {
      const fault = await faultOf(open(changes));
      expect(fault).toMatchObject({ code: 'sign-in', next: 'hold' });
      expect(fault.message).not.toContain('wrong horse');
    });

    it.each([
      ['the user', { user: 'ndpartner\r\nDELE orders.csv' }, 'sign-in'],
      ['the password', { password: new Secret('planted\nDELE orders.csv') }, 'sign-in'],
      ['the folder', { folder: '/in\r\nDELE orders.csv' }, 'folder'],
      ['the folder for files in flight', { partialFolder: '/in\u0000' }, 'folder'],
    ])('calls nobody when a control character is in %s', async (_, changes, code) => {
      // Nobody listens there: a call would end as `unreachable`.
      const fault = await faultOf(open({ port: 1, ...changes }));
      expect(fault).toMatchObject({ code, next: 'hold' });
      expect(fault.message + fault.hint).not.toMatch(/planted|DELE/);
    });

    it('says when nobody listens, and when the name is not known', async () => {
      expect(await faultOf(open({ port: 1 }))).toMatchObject({ code: 'unreachable', next: 'retry' });
      const unknown = await faultOf(open({ host: 'no-such-host.invalid' }));
      expect(unknown).toMatchObject({ code: 'unreachable', next: 'retry' });
    });

    it('ends at once when it is told to stop', async () => {
      const stop = new AbortController();
      const drop = await openDrop(ftpsSpec(server), stop.signal);
      const listing = faultOf(drop.list());
      stop.abort();
      expect((await listing).code).toBe('cut');
      expect((await faultOf(drop.list())).code).toBe('cut');
      await drop.close();
      expect((await faultOf(openDrop(ftpsSpec(server), AbortSignal.abort()))).code).toBe('cut');
    });

    it('learns what the server is and does, and takes up the session for fifty files', async () => {
      const drop = await open();
      for (let n = 0; n < 25; n++) {
        const file = outgoing(`orders-${n}.csv`, n);
        await drop.put(file, { renaming: () => undefined });
        expect(digestIn(server.folder, file.name)).toBe(file.sha256);
        expect(drop.learned.session).toBe('reused');
      }
      expect(drop.learned).toMatchObject({
        software: '(vsFTPd 3.0.3)',
        tls: 'TLSv1.3',
        passive: 'EPSV',
        looks: 'by name',
      });
      await drop.close();
    });
  });

  describe('versions and modes of TLS', () => {
    it('keeps to the versions it is given', () =>
      during({ newest: 'TLSv1.2' }, async (server) => {
        const drop = await stageOf(server).open();
        expect(drop.learned.tls).toBe('TLSv1.2');
        await drop.close();
        const fault = await faultOf(stageOf(server).open({ tls: { min: 'TLSv1.3', max: 'TLSv1.3' } }));
        expect(fault).toMatchObject({ code: 'tls', next: 'hold' });
        expect(fault.hint).toContain('tls: {min, max}');
      }));

    it('holds when there is no TLS, and sends no credentials', () =>
      during({ config: ['ssl_enable=NO'] }, async (server) => {
        const seen = server.log().length;
        expect(await faultOf(stageOf(server).open())).toMatchObject({ code: 'tls', next: 'hold' });
        expect(server.log().slice(seen)).not.toMatch(credentials);
      }));

    it('names the mode when explicit and implicit are mixed up', async () => {
      await during({}, async (server) => {
        const fault = await faultOf(stageOf(server).open({ mode: 'implicit' }));
        expect(fault).toMatchObject({ code: 'tls', next: 'hold', hint: expect.stringContaining('"mode"') as string });
      });
      await during({ implicit: true }, async (server) => {
        const fault = await faultOf(stageOf(server).open({ stepTimeout: 300 }));
        expect(fault).toMatchObject({ code: 'timeout', hint: expect.stringContaining('mode: implicit') as string });
      });
    });
  });

  describe('a certificate', () => {
    type Shown = Exclude<keyof Certificates, 'ca' | 'otherCa'>;
    const wrong: [string, Shown, Partial<FtpsSpec>, RegExp, RegExp][] = [
      ['for another host', 'wrongHost', {}, /is for other\.example, not for 127\.0\.0\.1/, /"host"/],
      ['that has expired', 'expired', {}, /until 2020-02-01/, /new one/],
      ['that is not valid yet', 'notYet', {}, /from 2098-01-01/, /new one/],
      ['signed by itself', 'selfSigned', {}, /signed by itself/, /certificates: \["SHA256:/],
      [
        'of an unknown authority',
        'server',
        { ca: readFileSync(certificates().otherCa, 'utf8') },
        /not trusted/,
        /ca: \{file/,
      ],
      [
        'that is not pinned',
        'server',
        { certificates: [certificates().renewed.fingerprint] },
        /pinned: SHA256:/,
        /has changed/,
      ],
    ];
    it.each(wrong)(
      '%s: no credentials are sent, and fault and hint say what to do',
      async (_, shown, changes, reason, hint) => {
        const certificate = certificates()[shown];
        await during({ certificate }, async (server) => {
          const seen = server.log().length;
          const fault = await faultOf(stageOf(server).open(changes));
          expect(fault).toMatchObject({ code: 'certificate', next: 'hold' });
          expect(fault.message).toContain(certificate.fingerprint);
          expect(fault.reason).toMatch(reason);
          expect(fault.hint).toMatch(hint);
          await until(() => server.log().length > seen, 'the server logs the call');
          expect(server.log().slice(seen)).not.toMatch(credentials);
          // What the message shows is what a pin needs; it stands instead of name, authority and date.
          const drop = await stageOf(server).open({ certificates: ['SHA256:other', `${certificate.fingerprint}=`] });
          await drop.list();
          expect(drop.learned.session).toBe('reused');
          await drop.close();
          expect(server.log().slice(seen)).toMatch(credentials);
          expect(await certificateOf(ftpsSpec(server))).toMatchObject({ fingerprint: certificate.fingerprint });
        });
      },
    );
  });

  describe('a server that refuses', () => {
    const refusing: [string, string[], string, string][] = [
      ['to write', ['write_enable=NO'], 'denied', 'hold'],
      ['STOR', ['cmds_denied=STOR'], 'denied', 'hold'],
      ['RNTO', ['cmds_denied=RNTO'], 'denied', 'hold'],
      ['passive data connections', ['pasv_enable=NO'], 'refused', 'hold'],
    ];
    it.each(refusing)('%s', (_, config, code, next) =>
      during({ config }, async (server) => {
        const fault = await faultOf(deliver(stageOf(server), outgoing('orders.csv', 1000)));
        expect(fault).toMatchObject({ code, next });
        expect(namesIn(server.folder)).toEqual([]);
      }),
    );

    it('more sessions than one: it is tried again', async () => {
      for (const implicit of [false, true])
        await during({ implicit, config: ['max_per_ip=1'] }, async (server) => {
          const stage = stageOf(server, { mode: implicit ? 'implicit' : 'explicit' });
          // The server may still count the call that found it ready.
          const first = await until(() => stage.open().catch(() => undefined), 'that call is forgotten');
          expect(await faultOf(stage.open())).toMatchObject({ code: 'busy', next: 'retry' });
          await first.close();
        });
    });

    it('SIZE: the list tells', () =>
      during({ config: ['cmds_denied=SIZE'] }, async (server) => {
        const stage = stageOf(server);
        const file = outgoing('orders.csv', 70_000);
        expect(await deliver(stage, file)).toBe('size');
        const drop = await stage.open();
        expect(await drop.look(file.name)).toMatchObject({ bytes: 70_000 });
        expect(drop.learned.looks).toBe('by list');
        await drop.close();
        expect(await faultOf(deliver(stage, outgoing('orders.csv', 1)))).toMatchObject({ code: 'taken' });
      }));

    it('SIZE and lists: reading tells', () =>
      during({ config: ['cmds_denied=SIZE', 'dirlist_enable=NO'] }, async (server) => {
        const stage = stageOf(server);
        expect(await deliver(stage, outgoing('orders.csv', 70_000))).toBe('size');
        expect(await deliver(stage, outgoing('empty.csv', 0))).toBe('size');
        expect(await faultOf(deliver(stage, outgoing('orders.csv', 1)))).toMatchObject({ code: 'taken' });
      }));

    it('every look: it is held, unless nobody need look', () =>
      during({ config: ['cmds_denied=SIZE', 'dirlist_enable=NO', 'download_enable=NO'] }, async (server) => {
        const stage = stageOf(server);
        const file = outgoing('orders.csv', 70_000);
        expect(await faultOf(deliver(stage, file))).toMatchObject({ code: 'blind', next: 'hold' });
        expect(namesIn(server.folder)).toEqual([]);
        expect(await faultOf(deliver(stage, file, {}, { confirm: 'none' }))).toMatchObject({ code: 'blind' });
        expect(server.log()).not.toContain('STOR');
        expect(namesIn(server.folder)).toEqual([]);
        expect(await deliver(stage, file, {}, { confirm: 'none', replace: true })).toBe('unchecked');
        expect(digestIn(server.folder, 'orders.csv')).toBe(file.sha256);
      }));

    it('nothing: the file can be read back all the same', () =>
      during({}, async (server) => {
        const file = outgoing('orders.csv', 70_000);
        expect(await deliver(stageOf(server), file, {}, { confirm: 'digest' })).toBe('digest');
      }));
  });
});
