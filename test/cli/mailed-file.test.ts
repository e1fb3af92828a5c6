import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { at, need } from '../servers/packages.ts';
import { eventTypeYaml, makePlace, nightdropYaml, type Place } from './program.ts';
import { until } from '../until.ts';

const run = promisify(execFile);

beforeAll(async () => {
  const missing = await need(['swaks'], at('/usr/bin/swaks'));
  if (missing !== undefined) throw new Error(missing);
}, 700_000);

const mailYaml = `mail:
  listen: '127.0.0.1:0'
  domain: in.example.test
`;

interface Shown {
  id: number;
  fileName: string;
  channel: string;
  status: string;
  check: boolean;
  error: string | null;
  outcomes: Record<string, number>;
}

/** The service with an empty ledger but two orders, and what sends mail to it. */
const makeService = async () => {
  const here: Place = makePlace();
  onTestFinished(here.remove);
  here.write('nightdrop.yaml', nightdropYaml(undefined, mailYaml));
  here.write(
    'event-types/4521.yaml',
    `${eventTypeYaml}address: sale-x\nsenders: ['*@brand.example']\nauthentication: off\n`,
  );
  const eventDate = new Date(Date.now() - 86_400_000).toISOString();
  const columns = 'eventTypeId,partner,orderId,eventDate,amount,payout,customerStatus,currency';
  const lines = ['A', 'B'].map((id) => `4521,acme,${id},${eventDate},100.00,10.00,NEW,USD`);
  writeFileSync(join(here.folder, 'ledger.csv'), [columns, ...lines].join('\n'));
  expect((await here.run('ledger', 'add', join(here.folder, 'ledger.csv'))).code).toBe(0);
  const serving = here.start('serve', '--json', '--only', 'mail,work');
  await until(() => serving.said.stdout.endsWith('}\n'), 'serve says that it runs', 150_000);
  const { mail } = JSON.parse(serving.said.stdout) as { mail: { listen: string } };
  const send = (local: string, ...what: string[]) => {
    const about = ['--to', `${local}@in.example.test`, '--from', 'ann@brand.example', '--header', 'Subject: changes'];
    return run('swaks', ['--server', mail.listen, '--helo', 'brand.example', ...about, ...what]);
  };
  const attach = (name: string, type: string, content: string): string[] => {
    const path = join(here.folder, name);
    writeFileSync(path, content);
    return ['--attach-type', type, '--attach-name', name, '--attach', `@${path}`];
  };
  /** What the log shows once so many mails were taken apart and so many submissions applied. */
  const submissions = async (mails: number, applied: number): Promise<Shown[]> => {
    const count = (words: string) => serving.said.stderr.split(words).length - 1;
    const isDone = () => count('"a mail was taken apart"') >= mails && count('"a submission was applied"') >= applied;
    await until(isDone, `${mails} mails and ${applied} submissions are done`, 150_000);
    return JSON.parse((await here.run('submissions', '--json')).stdout) as Shown[];
  };
  return { here, send, attach, submissions };
};

test('what swaks mails to the service comes to its outcomes', { timeout: 500_000 }, async () => {
  const { here, send, attach, submissions } = await makeService();
  const csv = 'OrderId,ActionTrackerId,Amount,Reason\nA,4521,25.50,OTHER\nNOBODY,4521,1,OTHER\n';
  const xml = '<r><m OrderId="B" ActionTrackerId="4521" Amount="7" Reason="OTHER"/></r>';
  await send('sale-x', ...attach('mods.csv', 'text/csv', csv));
  await send('sale-x+check', ...attach('mods.XML', 'application/octet-stream', xml));
  await send('sale-x', '--body', 'The file is late.');
  await expect(send('nobody', '--body', 'x')).rejects.toThrow();
  const shown = (await submissions(3, 2)).sort((a, b) => a.id - b.id);
  expect(
    shown.map(({ fileName, channel, status, check, outcomes }) => [fileName, channel, status, check, outcomes]),
  ).toEqual([
    ['mods.csv', 'mail', 'Complete', false, { MODIFIED: 1, ACTION_NOT_FOUND: 1 }],
    ['mods.XML', 'mail', 'Complete', true, { MODIFIED: 1 }],
    ['(no file)', 'mail', 'Failed', false, {}],
  ]);
  const original = (id: number | undefined) => here.run('submissions', 'original', String(id));
  expect((await original(shown[0]?.id)).stdout).toBe(csv);
  expect(await original(shown[2]?.id)).toMatchObject({ code: 2, stdout: '' });
});
