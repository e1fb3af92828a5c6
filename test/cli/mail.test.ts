import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { freePort } from '../servers/free-port.ts';
import { eventTypeYaml, ledgerCsv, makePlace, nightdropYaml, type Place, type Running } from './program.ts';
import { until } from '../until.ts';

const cleanup: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const step of cleanup.splice(0).reverse()) await step();
});

const intake = (address: string): string =>
  `${eventTypeYaml}address: ${address}\nsenders: ["*@brand.example"]\nauthentication: off\n`;

const mailYaml = (port: number): string =>
  nightdropYaml(undefined, `mail: { listen: "127.0.0.1:${port}", domain: submit.example.test }\n`);

const place = (port: number): Place => {
  const here = makePlace();
  cleanup.push(here.remove);
  here.write('nightdrop.yaml', mailYaml(port));
  here.write('event-types/4521.yaml', intake('sale-1'));
  return here;
};

const serve = async (here: Place): Promise<Running> => {
  const running = here.start('serve', '--json');
  const ended = running.ended.then(({ code, stderr }) =>
    Promise.reject(new Error(`serve ended with ${code}: ${stderr}`)),
  );
  ended.catch(() => undefined);
  await Promise.race([until(() => running.said.stdout.endsWith('}\n'), 'serve says that it runs'), ended]);
  return running;
};

const json = <T>({ stdout }: { stdout: string }): T => JSON.parse(stdout) as T;

test('a mailed file is applied; a stranger is refused, and listed; a reload changes the address', async () => {
  const port = await freePort();
  const here = place(port);
  const [orders, file] = [join(here.folder, 'orders.csv'), join(here.folder, 'returns.csv')];
  writeFileSync(orders, ledgerCsv(1, 1));
  writeFileSync(file, 'OrderId,ActionTrackerId,Amount,Reason\nORDER-1,4521,5.00,ORDER_UPDATE\n');
  expect((await here.run('ledger', 'add', orders)).code).toBe(0);
  const notYet = await here.run('mail', file, '--event-type', '4521');
  expect(notYet.code).toBe(1);
  expect(notYet.stderr).toContain('start the service first');

  const running = await serve(here);
  const addresses = [{ eventType: 4521, address: 'sale-1@submit.example.test' }];
  expect(JSON.parse(running.said.stdout)).toMatchObject({ mail: { listen: `127.0.0.1:${port}`, addresses } });
  const mailed = await here.run('mail', file, '--event-type', '4521', '--json');
  expect(mailed.code).toBe(0);
  expect(json(mailed)).toMatchObject({
    ...{ taken: true, answer: '250 2.0.0 accepted as message 1', from: 'reports@brand.example' },
    ...{ to: 'sale-1@submit.example.test', file: 'returns.csv' },
  });
  const [submission] = await until(async () => {
    const all = json<{ status: string }[]>(await here.run('submissions', '--json'));
    return all[0]?.status === 'Complete' ? all : undefined;
  }, 'it is applied');
  expect(submission).toMatchObject({ channel: 'mail', sender: 'reports@brand.example', outcomes: { MODIFIED: 1 } });

  const stranger = await here.run('mail', file, '--event-type', '4521', '--from', 'x@elsewhere.example');
  expect(stranger.code).toBe(1);
  expect(stranger.stdout).toMatch(/answered: 550 5\.7\.1 /);
  expect(json(await here.run('submissions', '--refused', '--json'))).toMatchObject([
    { code: 550, envelopeFrom: 'x@elsewhere.example', recipient: 'sale-1@submit.example.test', times: 1 },
  ]);

  here.write('event-types/4521.yaml', intake('[{ local: sale-2 }]'));
  running.child.kill('SIGHUP');
  await until(() => running.said.stderr.includes('the configuration was reloaded'), 'it is reloaded');
  expect((await here.run('mail', file, '--event-type', '4521', '--check')).stdout).toContain('sale-2+check@');
  running.child.kill('SIGTERM');
  expect((await running.ended).code).toBe(0);
  expect(running.said.stderr).not.toMatch(/brand\.example|elsewhere\.example|sale-[12]/);
}, 300_000);

test('a port in use, a node for mail without mail, an event type without an address: each says what to do', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  cleanup.push(() => new Promise((resolve) => void other.close(() => resolve())));
  const { port } = other.address() as { port: number };
  const here = place(port);
  const { code, stderr } = await here.run('serve');
  expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('mail.listen') as string });
  expect(stderr).toContain(`listen for mail on 127.0.0.1:${port}: the port is in use by another program`);
  here.write('event-types/4521.yaml', eventTypeYaml);
  const homeless = await here.run('mail', join(here.config, 'nightdrop.yaml'), '--event-type', '4521');
  expect(homeless).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('nightdrop address --event-type 4521') as string,
  });
  const fresh = await here.run('address', '--event-type', '4521');
  expect(fresh.stdout).toMatch(/^online-sale-[0-9a-z]{16}@submit\.example\.test\n$/);
  here.write('nightdrop.yaml', nightdropYaml());
  expect(await here.run('serve', '--only', 'mail')).toMatchObject({ code: 2 });
}, 120_000);
