import { afterEach, describe, expect, it } from 'vitest';
import type { DropOptions } from '../../../src/drop/drop.ts';
import { openDrop } from '../../../src/drop/open-drop.ts';
import { startScriptedFtps, type FtpsLie, type ScriptedFtps } from '../../servers/scripted-ftps.ts';
import { ftpsSpec } from './stage.ts';
import { faultOf, noSteps, outgoing } from '../stage.ts';

/** RNTO onto a name that exists is refused with this; a free name may be had. */
const keepsNames =
  (reply: string): FtpsLie =>
  (asked, honest) =>
    asked.held ? asked.say(reply) : honest();
const says =
  (reply: string): FtpsLie =>
  (asked) =>
    asked.say(reply);

describe('replacing a file on a server that refuses the rename', () => {
  let server: ScriptedFtps;
  afterEach(() => server.close());
  const put = async (lies: Record<string, FtpsLie>, options: Partial<DropOptions> = { replace: true }) => {
    server = await startScriptedFtps({ lies });
    server.files.set('orders.csv', Buffer.from('theirs'));
    const spec = ftpsSpec({ port: server.port, user: 'anybody', password: 'anything' });
    const drop = await openDrop({ ...spec, stepTimeout: 2_000, ...options });
    try {
      return { seen: await drop.put(outgoing('orders.csv', 'ours'), noSteps), learned: drop.learned };
    } catch (error) {
      expect(drop.learned.renames).toBeUndefined();
      throw error;
    } finally {
      await drop.close();
    }
  };
  const there = () => [...server.files].map(([name, bytes]) => `${name}: ${bytes.toString()}`);

  it.each([
    ['RNFR', '550 permission denied'],
    ['RNFR', '550 no'],
    ['RNFR', '450 busy'],
    ['RNTO', '550 permission denied'],
    ['RNTO', '553 not allowed'],
    ['RNTO', '451 local error'],
    ['RNTO', '450 file is in use'],
    ['RNTO', '452 disk full'],
    ['RNTO', '550 quota exceeded'],
    ['RNTO', '502 unknown'],
    ['RNTO', '503 RNFR first'],
  ])('keeps the old file when %s gets %s', async (verb, reply) => {
    const fault = await faultOf(put({ [verb]: says(reply) }));
    expect(fault.reason).toContain(reply.slice(4));
    expect(there()).toEqual(['orders.csv: theirs']);
    expect(server.verbs.filter((sent) => sent === 'DELE')).toHaveLength(1);
  });

  it.each(['553 file exists', '550 Rename failed.'])('lets the old file step aside after %s', async (reply) => {
    const { seen, learned } = await put({ RNTO: keepsNames(reply) });
    expect(seen).toBe('size');
    expect(learned.renames).toBe(reply.includes('exists') ? 'refuses' : undefined);
    expect(there()).toEqual(['orders.csv: ours']);
  });

  it('lets the old file come back when the name is refused all the same', async () => {
    const ours: FtpsLie = (asked, honest) => (asked.nth === 1 || asked.nth === 3 ? asked.say('550 no') : honest());
    await faultOf(put({ RNTO: ours }));
    expect(there()).toEqual(['orders.csv: theirs']);
  });

  it('lets the old file come back when the new one is gone meanwhile', async () => {
    const gone: FtpsLie = (asked, honest) => (asked.nth === 3 ? asked.say('550 no such file') : honest());
    await faultOf(put({ RNTO: keepsNames('550 no'), RNFR: gone }));
    expect(server.files.get('orders.csv')?.toString()).toBe('theirs');
  });

  it('says what the old file is called when it may not come back', async () => {
    const once: FtpsLie = (asked, honest) => (asked.nth === 2 ? honest() : asked.say('550 no'));
    const fault = await faultOf(put({ RNTO: once }));
    expect(fault.next).toBe('hold');
    const [name] = server.files.keys();
    expect(there()).toEqual([`${name}: theirs`]);
    expect(fault.reason).toContain(`is now called ${name}`);
  });

  it.each(['250 yes', '200 yes'])('sends no RNTO when RNFR gets %s', async (reply) => {
    const fault = await faultOf(put({ RNFR: says(reply) }));
    expect(fault).toMatchObject({ code: 'refused', next: 'retry' });
    expect(server.verbs).not.toContain('RNTO');
    expect(server.files.get('orders.csv')?.toString()).toBe('theirs');
  });
});
