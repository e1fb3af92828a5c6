import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { FtpsSpec } from '../../../src/drop/drop.ts';
import { openDrop } from '../../../src/drop/open-drop.ts';
import { safeName } from '../../../src/safe-name.ts';
import { freePort } from '../../servers/free-port.ts';
import { startProxy, type Proxy } from '../../servers/proxy.ts';
import { startVsftpd, vsftpdMissing, type Vsftpd } from '../../servers/vsftpd.ts';
import { ftpsSpec } from './stage.ts';
import { deliver, digestIn, faultOf, namesIn, noSteps, outgoing, silenceIn } from '../stage.ts';
import { until } from '../../until.ts';

const missing = await vsftpdMissing();

/** Another address of this machine, so that the one passive port of the server has a proxy of the same number. */
const proxyHost = '127.0.0.2';

describe.skipIf(missing !== undefined)('an FTPS line with faults', () => {
  let server: Vsftpd;
  let passive: number;
  let control: Proxy;
  let data: Proxy;
  beforeAll(async () => {
    passive = await freePort();
    server = await startVsftpd({ config: [`pasv_min_port=${passive}`, `pasv_max_port=${passive}`] });
  });
  afterAll(() => server.stop());
  afterEach(() => namesIn(server.folder).forEach((name) => rmSync(join(server.folder, name))));

  /** Not before: a line that is cut earlier is cut before the rename. */
  const onceRenamed = (act: () => void) =>
    void until(() => namesIn(server.folder).includes('orders.csv'), 'the server renames').then(act);

  type Line = { open(more?: Partial<FtpsSpec>): ReturnType<typeof openDrop> };
  const around = async (work: (line: Line) => Promise<void>, stepTimeout = 2_000): Promise<void> => {
    control = await startProxy(server.port, 0, { host: proxyHost, port: 0 });
    data = await startProxy(passive, 0, { host: proxyHost, port: passive });
    const spec = { ...ftpsSpec(server), host: proxyHost, port: control.port, stepTimeout };
    try {
      await work({ open: (more) => openDrop({ ...spec, ...more }) });
    } finally {
      await control.close();
      await data.close();
    }
  };

  it('shows nothing under the final name while an upload is blocked half-way', () =>
    around(async (line) => {
      const file = outgoing('orders.csv', 2_000_000);
      data.holdAfter('up', 1_000_000);
      const attempt = deliver(line, file);
      await until(() => data.passed('up') > 500_000, 'half of it is there');
      expect(namesIn(server.folder)).toEqual([file.partial]);
      data.release();
      expect(await attempt).toBe('size');
      expect(digestIn(server.folder, 'orders.csv')).toBe(file.sha256);
    }, 20_000));

  it.each([0, 1, 700, 3_000, 100_000, 1_999_000])(
    'the data connection is reset after %i bytes: a named fault, and the next attempt goes through',
    (bytes) =>
      around(async (line) => {
        const file = outgoing('orders.csv', 2_000_000);
        data.cutAfter('up', bytes);
        const fault = await faultOf(deliver(line, file, {}, { replace: true }));
        expect(fault.next).toBe('retry');
        expect(['cut', 'unreachable', 'refused']).toContain(fault.code);
        // When TLS itself fails, vsftpd ends the whole session, and nobody can clean up there.
        expect(namesIn(server.folder)).toEqual(bytes < 3_000 ? [file.partial] : []);
        data.release();
        expect(await deliver(line, outgoing('orders.csv', 2_000_000))).toBe('size');
      }),
  );

  it.each([10_000, 200_000, 2_000_000])('finds an early FIN without TLS’s good-bye, after %i bytes', (bytes) =>
    around(async (line) => {
      data.endAfter('up', bytes);
      const fault = await faultOf(deliver(line, outgoing('orders.csv', 2_000_000), {}, { replace: true }));
      expect(fault.next).toBe('retry');
      expect(['cut', 'size', 'refused']).toContain(fault.code);
      expect(namesIn(server.folder)).toEqual([]);
    }),
  );

  it('finds an early FIN when it reads a file back', () =>
    around(async (line) => {
      const file = outgoing('orders.csv', 2_000_000);
      await deliver(line, file);
      const drop = await line.open();
      data.endAfter('down', 1_000_000);
      const bytes = await drop.fetch(safeName('orders.csv'));
      const reading = (async () => {
        for await (const chunk of bytes) expect((chunk as Buffer).length).toBeGreaterThan(0);
      })();
      expect((await faultOf(reading)).next).toBe('retry');
      await drop.close();
    }));

  it.each([0, 1, 30, 900, 1_500, 2_000, 2_500])(
    'the control connection is reset after %i bytes: a named fault',
    (bytes) =>
      around(async (line) => {
        control.cutAfter('up', bytes);
        const file = outgoing('orders.csv', 100_000);
        const fault = await faultOf(deliver(line, file));
        expect(fault.next).toBe('retry');
        expect(['cut', 'unreachable', 'unknown-outcome']).toContain(fault.code);
        if (fault.code !== 'unknown-outcome') expect(namesIn(server.folder)).not.toContain('orders.csv');
      }),
  );

  it('meets a deadline wherever the server falls silent', () =>
    around(async (line) => {
      let total = 0;
      const renamed = () => void (total = control.passed('down'));
      await deliver(line, outgoing('measure.csv', 100_000), { renamed }, { stepTimeout: 20_000 });
      const where = new Set<string>();
      const points = [0, 15, 50, ...Array.from({ length: 10 }, (_, n) => Math.floor((total * (n + 4)) / 14))];
      for (const [n, point] of points.entries()) {
        control.release();
        control.silentAfter('down', point);
        const file = outgoing(`silent-${n}.csv`, 100_000);
        where.add(await silenceIn(server.folder, line, file));
      }
      for (const step of ['get a greeting from', 'agree on TLS with', 'sign in to'])
        expect([...where]).toContain(`${step} timeout`);
    }, 600));

  it.each([
    ['is silent', () => undefined],
    ['is cut', () => control.cut()],
  ])(
    'takes the file for whole when all bytes are there and the control connection %s before the last word',
    (_, lose) =>
      around(async (line) => {
        const file = outgoing('orders.csv', 1_500_000);
        const seen = server.log().length;
        let lost: Promise<void> | undefined;
        const lossOf = async () => {
          control.forget('down');
          await until(() => server.log().slice(seen).includes('226 Transfer complete'), 'the last word is said');
          lose();
        };
        expect(await deliver(line, file, { progress: () => void (lost ??= lossOf()) })).toBe('size');
        await lost;
        expect(control.connections()).toBe(2);
        expect(digestIn(server.folder, 'orders.csv')).toBe(file.sha256);
        expect(namesIn(server.folder)).toEqual(['orders.csv']);
      }, 3_000),
  );

  it('waits while a slow line still carries what left us long ago', () =>
    around(async (line) => {
      const file = outgoing('orders.csv', 1_500_000);
      data.holdAfter('up', 500_000);
      const attempt = deliver(line, file);
      await until(() => control.connections() > 1, 'another connection looks');
      data.release();
      expect(await attempt).toBe('size');
      expect(digestIn(server.folder, 'orders.csv')).toBe(file.sha256);
    }));

  it.each([
    ['swallowed', () => undefined],
    ['swallowed, then the line is cut', () => onceRenamed(() => control.cut())],
  ])('does not know the outcome when the answer to RNTO is %s', (_, then) =>
    around(async (line) => {
      const options = { confirm: 'none', replace: true } as const;
      let [before, after] = [0, 0];
      const measured = {
        renaming: () => void (before = control.passed('down')),
        renamed: () => void (after = control.passed('down')),
      };
      await deliver(line, outgoing('measure.csv', 100_000), measured, options);
      // All of the answers to RNFR and RNTO but their last byte.
      const renaming = () => {
        control.silentAfter('down', control.passed('down') + after - before - 1);
        then();
      };
      const file = outgoing('orders.csv', 100_000);
      const fault = await faultOf(deliver(line, file, { renaming }, options));
      expect(fault).toMatchObject({ code: 'unknown-outcome', next: 'retry' });
      await until(() => namesIn(server.folder).includes('orders.csv'), 'the server renames');
      expect(digestIn(server.folder, 'orders.csv')).toBe(file.sha256);
    }),
  );

  it('knows that nothing was renamed when the line was gone before', () =>
    around(async (line) => {
      const drop = await line.open();
      const renaming = async () => {
        control.cut();
        await faultOf(drop.list());
      };
      const fault = await faultOf(drop.put(outgoing('orders.csv', 1_000), { ...noSteps, renaming }));
      await drop.close();
      expect(fault).toMatchObject({ code: 'cut', next: 'retry' });
      expect(namesIn(server.folder)).not.toContain('orders.csv');
    }));

  it('does not know the outcome when the look after the rename fails', () =>
    around(async (line) => {
      const renamed = () => control.swallow('down');
      const fault = await faultOf(deliver(line, outgoing('orders.csv', 1_000), { renamed }));
      expect(fault).toMatchObject({ code: 'unknown-outcome', next: 'retry' });
    }));

  it('closes a silent line in time, and can be closed twice', () =>
    around(async (line) => {
      const drop = await line.open();
      control.swallow('up');
      control.swallow('down');
      await drop.close();
      await drop.close();
      expect((await faultOf(drop.list())).code).toBe('cut');
    }));

  it('finds bytes lost when the last word did not come', () =>
    around(async (line) => {
      const file = outgoing('orders.csv', 1_500_000);
      data.silentAfter('up', 700_000);
      const fault = await faultOf(deliver(line, file, {}, { replace: true }));
      expect(fault).toMatchObject({ next: 'retry' });
      expect(namesIn(server.folder)).not.toContain('orders.csv');
    }));
});
