import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { openDrop } from '../../../src/drop/open-drop.ts';
import { freePort } from '../../servers/free-port.ts';
import { proftpdMissing, startProftpdFtps } from '../../servers/proftpd.ts';
import { startProxy } from '../../servers/proxy.ts';
import { deliver, digestIn, faultOf, namesIn, outgoing, type Stage } from '../stage.ts';
import { ftpsSpec } from './stage.ts';
import { until } from '../../until.ts';

const missing = await proftpdMissing();

/** Another address of this machine, so that the passive ports of the server have proxies of the same numbers. */
const host = '127.0.0.2';

describe.skipIf(missing !== undefined)('a server that ends sessions, while an upload is slow', () => {
  const stops: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const stop of stops.splice(0).reverse()) await stop();
  });

  /** ProFTPD behind a line on which the data connection can be held. */
  const serverWith = async (rule: string) => {
    const passive = await freePort();
    const server = await startProftpdFtps({ config: [rule, `PassivePorts ${passive} ${passive + 1}`] });
    stops.push(() => server.stop());
    const control = await startProxy(server.port, 0, { host, port: 0 });
    stops.push(() => control.close());
    const lines = await Promise.all([passive, passive + 1].map((port) => startProxy(port, 0, { host, port })));
    stops.push(async () => void (await Promise.all(lines.map((line) => line.close()))));
    const spec = { ...ftpsSpec(server), host, port: control.port, stepTimeout: 20_000 };
    const stage: Pick<Stage, 'open'> = { open: (more) => openDrop({ ...spec, ...more }) };
    return { server, control, lines, stage };
  };

  it('that are idle: an upload is none, however long the control connection is silent', async () => {
    const { server, lines, stage } = await serverWith('TimeoutIdle 3');
    const file = outgoing('orders.csv', 2_000_000);
    lines.forEach((line) => line.holdAfter('up', 500_000));
    const attempt = deliver(stage, file);
    await until(() => lines.some((line) => line.passed('up') > 400_000), 'the upload has begun');
    await pause(4_500);
    lines.forEach((line) => line.release());
    expect(await attempt).toBe('size');
    expect(digestIn(server.folder, 'orders.csv')).toBe(file.sha256);
  });

  it('that are more than one: whether the file is whole is asked in place of the connection on which nothing comes', async () => {
    const { server, control, stage } = await serverWith('MaxClients 1');
    const file = outgoing('orders.csv', 1_500_000);
    let lost: Promise<void> | undefined;
    const loseLastWord = async () => {
      control.forget('down');
      await until(() => digestIn(server.folder, file.partial) === file.sha256, 'all bytes are there');
      await until(() => server.log().includes(`LOG_CMD command 'STOR ${file.partial}'`), 'the last word is said');
    };
    const progress = () => void (lost ??= loseLastWord());
    expect(await deliver(stage, file, { progress }, { stepTimeout: 2_000 })).toBe('size');
    await lost;
    expect(control.connections()).toBeGreaterThan(2);
    expect(namesIn(server.folder)).toEqual(['orders.csv']);
  });

  it('that are old: cut, tried again, and nothing under the final name', async () => {
    const { server, lines, stage } = await serverWith('TimeoutSession 3');
    const file = outgoing('orders.csv', 2_000_000);
    lines.forEach((line) => line.holdAfter('up', 500_000));
    expect(await faultOf(deliver(stage, file))).toMatchObject({ code: 'cut', next: 'retry' });
    expect(server.log()).toContain('session timed out');
    expect(namesIn(server.folder)).not.toContain('orders.csv');
    lines.forEach((line) => line.release());
    expect(await deliver(stage, outgoing('orders.csv', 100_000))).toBe('size');
  });
});
