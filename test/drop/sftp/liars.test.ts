import { finished } from 'node:stream/promises';
import type { AuthContext, KeyboardAuthContext } from 'ssh2';
import { afterEach, describe, expect, it } from 'vitest';
import { openDrop } from '../../../src/drop/open-drop.ts';
import { digestStream } from '../../../src/file/digest.ts';
import { safeName } from '../../../src/safe-name.ts';
import { startScriptedSftp, type ScriptedSftp, type SftpScript } from '../../servers/scripted-sftp.ts';
import { deliver, faultOf, outgoing, sha256, type Stage } from '../stage.ts';
import { liars, lies, says, sized } from './liars.ts';
import { sftpSpec } from './stage.ts';

describe('an SFTP server that lies', () => {
  let server: ScriptedSftp;
  const against = async (script: SftpScript): Promise<Pick<Stage, 'open'>> => {
    server = await startScriptedSftp(script);
    return { open: (changes) => openDrop(sftpSpec(server, { concurrency: 4, stepTimeout: 600, ...changes })) };
  };
  afterEach(() => server.close());

  it('is honest when nothing else is said', async () => {
    const stage = await against({});
    const file = outgoing('orders.csv', 100_000);
    expect(await deliver(stage, file)).toBe('size');
    expect([...server.files.keys()]).toEqual(['orders.csv']);
    const drop = await stage.open();
    expect(await drop.list()).toMatchObject([{ name: 'orders.csv' }]);
    await drop.close();
  });

  it.each(liars)('$does: $ends.0', async ({ script, ends: [code, next], options, final }) => {
    const stage = await against(script);
    const file = outgoing('orders.csv', 100_000);
    const fault = await faultOf(deliver(stage, file, {}, options));
    expect(fault).toMatchObject({ code, next });
    const there = server.files.get('orders.csv');
    if (final === undefined) expect(there).toBeUndefined();
    if (final === 'whole') expect(sha256(there ?? Buffer.alloc(0))).toBe(file.sha256);
    if (final === 'shortened by the server') expect(there).toHaveLength(100);
  });

  it('tells of files only by their bytes, and gives those without end: reading stops', async () => {
    const drop = await (
      await against(lies({ look: says(8), list: says(8), read: (asked) => asked.bytes(Buffer.alloc(32_768)) }))
    ).open();
    server.files.set('orders.csv', Buffer.alloc(10));
    expect((await drop.look(safeName('orders.csv'), 100_000))?.bytes).toBeGreaterThan(100_000);
    await drop.close();
  });

  const opened = async (script: SftpScript) => (await against(script)).open();

  it('has many files: all are listed', async () => {
    const drop = await opened({});
    for (let n = 0; n < 20_000; n++) server.files.set(`${n}.csv`, Buffer.alloc(0));
    expect(await drop.list()).toHaveLength(20_000);
    await drop.close();
  });

  it('lists names without end: refused', async () => {
    const page = Array.from({ length: 1_000 }, (_, n) => `${n}.csv`);
    const drop = await opened(lies({ list: (asked) => asked.names(page) }));
    expect(await faultOf(drop.list())).toMatchObject({ code: 'refused', next: 'retry' });
    await drop.close();
  });

  it('lists nothing over and over: that is the end', async () => {
    const drop = await opened(lies({ list: (asked) => asked.names([]) }));
    expect(await drop.list()).toEqual([]);
    await drop.close();
  });

  it('says a size far beyond the bytes it gives: reading ends where they end', async () => {
    const drop = await opened(lies({ look: sized(() => 1e15) }));
    server.files.set('orders.csv', Buffer.alloc(70_000));
    const { stream, digest } = digestStream();
    await finished((await drop.fetch(safeName('orders.csv'))).pipe(stream).resume());
    expect(digest().bytes).toBe(70_000);
    await drop.close();
  });

  it.each([
    ['every sign-in', (context: AuthContext) => context.reject()],
    ['the first factor and asks for another', (context: AuthContext) => context.reject(['hostbased'], true)],
  ])('refuses %s: sign-in', async (_, signIn) => {
    const stage = await against({ signIn });
    expect(await faultOf(stage.open())).toMatchObject({ code: 'sign-in', next: 'hold' });
  });

  it('asks one question after the other: given up in time', async () => {
    const ask = (context: KeyboardAuthContext): void =>
      context.prompt([{ prompt: 'Password:', echo: false }], () => ask(context));
    const signIn = (context: AuthContext) =>
      context.method === 'keyboard-interactive' ? ask(context) : context.reject(['keyboard-interactive']);
    const stage = await against({ signIn });
    expect(await faultOf(stage.open())).toMatchObject({ code: 'timeout', next: 'retry' });
  });

  it('never answers a sign-in: timeout', async () => {
    const stage = await against({ signIn: () => undefined });
    expect(await faultOf(stage.open())).toMatchObject({ code: 'timeout', next: 'retry' });
  });
});
