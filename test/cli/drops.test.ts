import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { sshdMissing, startSshd, type Sshd } from '../servers/sshd.ts';
import { ledgerCsv, makePlace, partnerYaml, type Place } from './program.ts';

const missing = await sshdMissing();
const cleanup: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const step of cleanup.splice(0).reverse()) await step();
});

type Line = Record<string, unknown>;
const list = (text: string) => JSON.parse(text) as Line[];
const json = (text: string) => JSON.parse(text) as Line;

/** A partner whose drop is this server, with the keys it shows when this is called. */
const yamlFor = ({ port, user, fingerprints }: Sshd, key: string): string =>
  partnerYaml()
    .replaceAll('acme-folder', 'acme-sftp')
    .replace('    kind: folder\n    folder: drop\n', () =>
      [
        ['kind', 'sftp'],
        ['host', '127.0.0.1'],
        ['port', port],
        ['user', user],
        ['key', `{ file: ${key} }`],
        ['hostKeys', `["${fingerprints().ed25519}"]`],
        ['folder', '/in'],
      ]
        .map(([name, value]) => `    ${name}: ${value}\n`)
        .join(''),
    );

describe.skipIf(missing !== undefined)('a host key that changes', () => {
  const setUp = async (): Promise<{ here: Place; server: Sshd }> => {
    const server = await startSshd();
    cleanup.push(() => server.stop());
    const here = makePlace();
    cleanup.push(here.remove);
    here.write('partners/acme.yaml', yamlFor(server, server.keys.plain));
    return { here, server };
  };
  const addOrders = async (here: Place, first: number) => {
    const file = join(here.folder, `orders-${first}.csv`);
    writeFileSync(file, ledgerCsv(first, 3));
    expect((await here.run('ledger', 'add', file)).code).toBe(0);
  };

  test('from held to trusted to delivered, and only by a key that is shown', async () => {
    const { here, server } = await setUp();
    await addOrders(here, 1);
    expect((await here.run('export', 'acme')).code).toBe(0);
    const before = list((await here.run('drops', '--json')).stdout);
    expect(before).toMatchObject([
      {
        ...{ drop: 'acme-sftp', partner: 'acme', kind: 'sftp', feeds: ['acme'], pending: 0, held: 0, trusted: [] },
        place: `sftp://${server.user}@127.0.0.1:${server.port}/in`,
        learned: { software: expect.stringMatching(/^OpenSSH/) as string, looks: 'by name', syncs: true },
        lastDeliveredAt: expect.stringMatching(/Z$/) as string,
      },
    ]);
    expect(Object.keys(before[0] ?? {}).join(' ')).toBe(
      'drop partner kind place feeds pending held learned learnedAt trusted lastDeliveredAt',
    );

    const old = server.fingerprints().ed25519;
    await server.swapHostKeys();
    const { ed25519: fresh, rsa } = server.fingerprints();
    await addOrders(here, 11);
    const held = await here.run('export', 'acme', '--json');
    expect(held.code).toBe(1);
    const [delivery] = json(held.stdout)['deliveries'] as Line[];
    expect(delivery).toMatchObject({ state: 'held' });
    for (const key of [old, fresh]) expect(delivery?.['error']).toContain(key);
    expect(delivery?.['hint']).toContain('drops trust acme-sftp');

    const refused = await here.run('drops', 'trust', 'acme-sftp', `SHA256:${'A'.repeat(43)}`);
    expect(refused.code).toBe(1);
    for (const key of [fresh, rsa]) expect(refused.stderr).toContain(key);
    expect(list((await here.run('deliveries', '--state', 'held', '--json')).stdout)).toHaveLength(1);

    const trusted = await here.run('drops', 'trust', 'acme-sftp', fresh, '--json');
    expect(trusted.code).toBe(0);
    expect(json(trusted.stdout)).toMatchObject({
      ...{ drop: 'acme-sftp', host: '127.0.0.1', port: server.port, fingerprint: fresh, type: 'ssh-ed25519' },
      ...{ by: userInfo().username, released: [delivery?.['id']] },
    });
    expect((await here.run('export', 'acme')).code).toBe(0);
    expect(list((await here.run('deliveries', '--json')).stdout)).toMatchObject([
      { state: 'delivered' },
      { state: 'delivered', error: null },
    ]);
    expect(readdirSync(server.folder).sort()).toEqual(['acme_000001.csv', 'acme_000002.csv']);
    expect(readFileSync(join(server.folder, 'acme_000002.csv'), 'utf8')).toContain('ORDER-11');

    const [shown] = list((await here.run('drops', '--json')).stdout);
    expect(shown?.['trusted']).toMatchObject([{ fingerprint: fresh, type: 'ssh-ed25519', by: userInfo().username }]);
  }, 180_000);
});

describe('drops', () => {
  test('a folder has no key; a name and a fingerprint are checked', async () => {
    const here = makePlace();
    cleanup.push(here.remove);
    const key = `SHA256:${'A'.repeat(43)}`;
    const folder = await here.run('drops', 'trust', 'acme-folder', key);
    expect(folder).toMatchObject({ code: 2, stderr: expect.stringContaining('it is a folder') as string });
    const unknown = await here.run('drops', 'trust', 'acme-foldr', key);
    expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining('acme-folder') as string });
    expect((await here.run('drops', 'trust', 'acme-folder', 'SHA256:short')).code).toBe(2);
    expect(list((await here.run('drops', '--json')).stdout)).toMatchObject([
      { drop: 'acme-folder', kind: 'folder', learned: null, trusted: [], lastDeliveredAt: null },
    ]);
    expect((await here.run('drops')).stdout).toContain('nothing yet');
  });
});
