import { afterEach, expect, test } from 'vitest';
import type { FtpsSpec, SftpSpec } from '../../../src/drop/drop.ts';
import { deliverDue } from '../../../src/outbound/delivery/deliver.ts';
import { ftpsSpec } from '../../drop/ftps/stage.ts';
import { startScriptedFtps, type FtpsLie } from '../../servers/scripted-ftps.ts';
import { startScriptedSftp, type SftpScript } from '../../servers/scripted-sftp.ts';
import { describeStores } from '../../stores.ts';
import { makeWorld, planOf } from './world.ts';
import { sftpSpec } from '../../drop/sftp/stage.ts';

interface Liar {
  spec: SftpSpec | FtpsSpec;
  files: Map<string, Buffer>;
  close(): Promise<void>;
}

const sftp = async (lies: SftpScript['lies']): Promise<Liar> => {
  const server = await startScriptedSftp(lies ? { lies } : {});
  return { ...server, spec: sftpSpec(server, { name: 'acme', stepTimeout: 1_000 }) };
};

const ftps = async (lies: Record<string, FtpsLie>): Promise<Liar> => {
  const server = await startScriptedFtps({ lies });
  const spec = { ...ftpsSpec({ port: server.port, user: 'anybody', password: 'anything' }), name: 'acme' };
  return { ...server, spec: { ...spec, stepTimeout: 1_000 } };
};

const [ok, missing] = [0, 2];

const liars: [string, () => Promise<Liar>, code: string][] = [
  [
    'SFTP: yes to everything, and nothing is kept',
    () =>
      sftp({
        write: (asked) => asked.status(ok),
        rename: (asked) => asked.status(ok),
        look: (asked) => asked.status(missing),
      }),
    'size',
  ],
  [
    'SFTP: yes to the rename, and the partial name stays',
    () => sftp({ rename: (asked) => asked.status(ok) }),
    'refused',
  ],
  [
    'FTPS: yes to the rename, and the partial name stays',
    () => ftps({ RNTO: (asked) => asked.say('250 renamed') }),
    'refused',
  ],
  [
    'FTPS: the name is there afterwards, and its bytes are not',
    () =>
      ftps({
        RNTO: (asked) => {
          asked.files.clear();
          asked.files.set(asked.name, Buffer.from('x'));
          asked.say('250 renamed');
        },
      }),
    'size',
  ],
];

describeStores('deliveries to a server that lies', (open) => {
  let liar: Liar;
  afterEach(() => liar.close());

  test.each(liars)('%s: never delivered', async (_, start, code) => {
    liar = await start();
    const world = await makeWorld(await open(), { acme: planOf(liar.spec) });
    const { main, deliveries } = await world.freeze({ bytes: 50_000 });
    for (let tries = 1; tries <= 2; tries++) {
      await deliverDue(world.ctx);
      const found = await world.read(deliveries[0]);
      expect(['pending', 'held']).toContain(found.state);
      if (tries === 1) expect(found.errorCode).toBe(code);
      await world.skipBackoff();
    }
    expect(liar.files.get(main.fileName)?.equals(main.content)).not.toBe(true);
  });
});
