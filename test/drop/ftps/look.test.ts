import { afterEach, describe, expect, it } from 'vitest';
import type { FtpsSpec, Learned } from '../../../src/drop/drop.ts';
import { openDrop } from '../../../src/drop/open-drop.ts';
import { safeName } from '../../../src/safe-name.ts';
import { startScriptedFtps, type FtpsLie, type ScriptedFtps } from '../../servers/scripted-ftps.ts';
import { ftpsSpec } from './stage.ts';
import { faultOf, noSteps, outgoing } from '../stage.ts';

const says =
  (reply: string): FtpsLie =>
  (asked) =>
    asked.say(reply);

/** A list of just these lines, and of itself so that it counts as one with dot-files. */
const lists =
  (...lines: string[]): FtpsLie =>
  (asked) => {
    asked.say('150 here it comes');
    void asked.data().then((data) => {
      data.resume();
      data.once('close', () => asked.say('226 done'));
      data.end(['drwxr-xr-x   1 a        a        0 Jan  1 00:00 .', ...lines, ''].join('\r\n'));
    });
  };

describe('looking for a file over FTPS', () => {
  let server: ScriptedFtps;
  afterEach(() => server.close());
  const open = async (lies: Record<string, FtpsLie>, changes: Partial<FtpsSpec> = {}, known: Learned = {}) => {
    server = await startScriptedFtps({ lies });
    const spec = ftpsSpec({ port: server.port, user: 'anybody', password: 'anything' });
    return openDrop({ ...spec, stepTimeout: 2_000, ...changes }, undefined, known);
  };
  const name = safeName('orders.csv');

  it.each([
    '-rw-r--r--   1 a        a        5 Jan  1 00:00 Copy of orders.csv',
    'lrwxrwxrwx   1 a        a        5 Jan  1 00:00 latest -> orders.csv',
  ])('does not take a neighbour for it: %s', async (line) => {
    const drop = await open({ SIZE: says('502 unknown'), LIST: lists(line), RETR: says('550 no such file') });
    expect(await drop.look(name)).toBeUndefined();
    expect(server.verbs).not.toContain('RETR');
    await drop.close();
  });

  it('takes a line that cannot be read for it', async () => {
    const lines = ['? orders.csv', '-rw-r--r--   1 a        a        5 Jan  1 00:00 other.csv'];
    const drop = await open({ SIZE: says('502 unknown'), LIST: lists(...lines), RETR: says('550 permission denied') });
    expect(await drop.look(name)).toEqual({ name, bytes: NaN });
    await drop.close();
  });

  it.each([
    ['LIST', '425 no data connection', 'unreachable'],
    ['LIST', '426 broken off', 'cut'],
    ['LIST', '451 try again', 'refused'],
    ['SIZE', '451 try again', 'refused'],
  ])('tries again after a no that is for now only (%s: %s)', async (verb, reply, code) => {
    const drop = await open({ [verb]: says(reply) }, { confirm: 'none' });
    expect(await faultOf(drop.put(outgoing('orders.csv', 10), noSteps))).toMatchObject({ code, next: 'retry' });
    expect(drop.learned.looks).toBeUndefined();
    await drop.close();
  });

  it('tries again when reading is refused for now', async () => {
    const drop = await open({
      SIZE: says('502 unknown'),
      LIST: says('550 permission denied'),
      RETR: says('451 try again'),
    });
    expect(await faultOf(drop.look(name))).toMatchObject({ code: 'refused', next: 'retry' });
    await drop.close();
  });

  it.each([
    ['550 Delete operation failed.', true],
    ['550 permission denied', false],
  ])('removes what nobody may see, as far as it is told (%s)', async (reply, done) => {
    const no = says('550 permission denied');
    const drop = await open({ SIZE: no, LIST: no, RETR: no, DELE: says(reply) });
    if (done) await drop.remove(name);
    else expect(await faultOf(drop.remove(name))).toMatchObject({ code: 'denied' });
    await drop.close();
  });

  it.each(['by list', 'by reading', 'not'] as const)('asks by name again whatever was learned (%s)', async (looks) => {
    const drop = await open({}, {}, { looks });
    server.files.set('orders.csv', Buffer.from('12345'));
    expect(await drop.look(name)).toMatchObject({ name, bytes: 5 });
    expect(drop.learned.looks).toBe('by name');
    expect(server.verbs).not.toContain('RETR');
    await drop.close();
  });
});
