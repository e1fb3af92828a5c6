import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { afterEach, describe, expect, test } from 'vitest';
import { type Receiver, startReceiver } from '../notify/receiver.ts';
import { type Sshd, sshdMissing, startSshd } from '../servers/sshd.ts';
import { startScriptedSmtp } from '../servers/scripted-smtp.ts';
import { toldTo } from '../watch/stage.ts';
import { ledgerCsv, makePlace, nightdropYaml, partnerYaml, type Place } from './program.ts';
import { until } from '../until.ts';

const cleanup: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const step of cleanup.splice(0).reverse()) await step();
});

const place = (): Place => {
  const here = makePlace();
  cleanup.push(here.remove);
  return here;
};

const newReceiver = async (): Promise<Receiver> => {
  const receiver = await startReceiver();
  cleanup.push(receiver.close);
  return receiver;
};

const secret = `whsec_${randomBytes(32).toString('base64')}`;

interface Line {
  id: number;
  kind: string;
  subject: string;
  endedAt: string | null;
  told: { channel: string; openedTold: string | null; endedTold: string | null; error: string | null }[];
}

const listed = async (here: Place, ...args: string[]): Promise<Line[]> =>
  JSON.parse((await here.run('alerts', '--json', ...args)).stdout) as Line[];

const missing = await sshdMissing();
describe.skipIf(missing !== undefined)(`alerts of the service${missing === undefined ? '' : `: ${missing}`}`, () => {
  const partnerOf = ({ port, user, password }: Sshd, fingerprint: string, here: Place): string => {
    writeFileSync(join(here.folder, 'password'), password);
    return `${partnerYaml().replace('drops: [acme-folder]', 'drops: [acme-sftp]')}  acme-sftp:
    { kind: sftp, host: 127.0.0.1, port: ${port}, user: ${user}, password: { file: ${here.folder}/password },
      hostKeys: ["${fingerprint}"], folder: /in }
`;
  };

  test('a server with another host key: the alert comes by webhook and mail, its end after the release', async () => {
    const here = place();
    const sshd = await startSshd();
    cleanup.push(sshd.stop);
    const receiver = await newReceiver();
    const relay = await startScriptedSmtp();
    cleanup.push(relay.close);
    writeFileSync(join(here.folder, 'signing'), secret);
    const mail = `mail: { domain: submit.example.test, relay: { host: 127.0.0.1, port: ${relay.port}, from: nd@example.test } }\n`;
    const alerts = `alerts: [{ webhook: "${receiver.url}", secret: { file: ${here.folder}/signing } }, { mail: ops@example.test }]\n`;
    here.write('nightdrop.yaml', nightdropYaml(undefined, mail + alerts));
    here.write('partners/acme.yaml', partnerOf(sshd, `SHA256:${'A'.repeat(43)}`, here));
    writeFileSync(join(here.folder, 'orders.csv'), ledgerCsv(1, 2));
    await here.run('ledger', 'add', join(here.folder, 'orders.csv'));
    expect((await here.run('export', 'acme')).code).toBe(1);

    const service = here.start('serve', '--json');
    await until(() => service.said.stdout.endsWith('}\n'), 'serve says that it runs');
    const { web } = JSON.parse(service.said.stdout) as { web: string };
    await until(() => receiver.received.length > 0 && relay.mails.length > 0, 'the alert arrives');
    const opened = new Webhook(secret).verify(
      receiver.received[0]?.body ?? '',
      receiver.received[0]?.headers as Record<string, string>,
    );
    expect(opened).toMatchObject({
      type: 'alert.opened',
      data: { kind: 'held', subject: 'acme-sftp: held (host-key)' },
    });
    expect(relay.mails[0]).toContain('Subject: [Nightdrop] held: acme-sftp: held (host-key)');
    expect(relay.mails[0]).toContain('SHA256:');
    expect(await (await fetch(web)).text()).toContain('1 open alert');
    expect(await (await fetch(new URL('/metrics', web))).text()).toContain('nightdrop_alerts_open{kind="held"} 1\n');
    await until(async () => (await listed(here))[0]?.told.every(({ openedTold }) => openedTold), 'both were told');

    here.write('partners/acme.yaml', partnerOf(sshd, sshd.fingerprints().ed25519, here));
    service.child.kill('SIGHUP');
    await until(() => service.said.stderr.includes('the configuration was reloaded'), 'the reload');
    expect((await here.run('deliveries', 'release', '1')).code).toBe(0);
    await until(() => receiver.received.length > 1 && relay.mails.length > 1, 'the end arrives');
    expect(toldTo(receiver)).toEqual(['opened acme-sftp: held (host-key)', 'ended acme-sftp: held (host-key)']);
    expect(relay.mails[1]).toContain('Subject: [Nightdrop] ended: acme-sftp: held (host-key)');
    expect(await listed(here)).toEqual([]);
    expect(await listed(here, '--all')).toMatchObject([{ kind: 'held', endedAt: expect.any(String) }]);
    expect((await here.run('alerts', '--all')).stdout).toContain('acme-sftp: held (host-key)');

    service.child.kill('SIGTERM');
    const { code, stderr } = await service.ended;
    expect(code).toBe(0);
    expect(stderr).not.toContain('planted-token');
    expect(stderr).not.toContain(secret);
  }, 400_000);
});

describe('alerts test', () => {
  const configure = (here: Place, ...targets: string[]) =>
    here.write('nightdrop.yaml', nightdropYaml(undefined, `alerts: [${targets.join(', ')}]\n`));
  const hook = ({ url }: Receiver): string => `{ webhook: "${url}" }`;

  test('says what each channel answered; 1 when one was not told', async () => {
    const here = place();
    const good = await newReceiver();
    const bad = await newReceiver();
    bad.answer((response) => void response.writeHead(403).end('planted-token is not known'));
    configure(here, hook(good), hook(bad));
    const { code, stdout, stderr } = await here.run('alerts', 'test');
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    expect(stdout).toMatch(
      /^webhook 127\.0\.0\.1:\d+ [0-9a-f]{8}: told \(HTTP 204\)\nwebhook .*: not told: it answered HTTP 403 \(/,
    );
    expect(stdout).not.toContain('planted');
    expect(JSON.parse(good.received[0]?.body ?? '')).toMatchObject({ type: 'alert.test', data: { test: true } });
    configure(here, hook(good));
    const again = await here.run('alerts', 'test', '--json');
    expect(again.code).toBe(0);
    expect(JSON.parse(again.stdout)).toMatchObject([{ ok: true, answer: 'HTTP 204', error: null, hint: null }]);
    expect(new Set(good.received.map(({ headers }) => headers['webhook-id'])).size).toBe(2);
    expect((await here.run('alerts', '--all')).stdout).toBe('No alert.\n');
  });

  test('3 when there is no channel', async () => {
    const here = place();
    const { code, stdout } = await here.run('alerts', 'test');
    expect(code).toBe(3);
    expect(stdout).toContain('No channel is configured');
  });
});
