import { afterEach, describe, expect, it } from 'vitest';
import type { SftpSpec } from '../../../src/drop/drop.ts';
import { startScriptedSftp, type SftpLie, type SftpRequest, type SftpScript } from '../../servers/scripted-sftp.ts';
import { failed, look, resultOf } from './stage.ts';
import { sftpSpec } from '../sftp/stage.ts';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

const start = async (script: SftpScript) => {
  const server = await startScriptedSftp(script);
  stops.push(() => server.close());
  return server;
};

const specOf = (server: { port: number; fingerprint: string }, changes: Partial<SftpSpec> = {}): SftpSpec =>
  sftpSpec(server, { concurrency: 4, stepTimeout: 1_000, ...changes });

// SSH_FX_… of draft-ietf-secsh-filexfer-02, 7.
const [ok, denied, failure, unsupported] = [0, 3, 4, 8];
const says =
  (status: number, words = ''): SftpLie =>
  (asked) =>
    asked.status(status, words);

describe('the doctor at a server that', () => {
  it('is honest passes every step', async () => {
    const server = await start({});
    const report = await look(specOf(server));
    expect(report.steps.filter(({ result }) => result !== 'ok')).toEqual([]);
    expect(server.files.size).toBe(0);
  });

  it('says yes and keeps nothing', async () => {
    const server = await start({
      lies: { open: (asked, honest) => (asked.writing ? asked.handle() : honest()), write: says(ok) },
    });
    const found = failed(await look(specOf(server)));
    expect(found.step).toBe('size');
    expect(found.cause).toContain('said yes to every write and the file is not there');
  });

  it('changes what is written', async () => {
    const twice: SftpLie = (asked, honest) => {
      honest();
      asked.files.set(asked.name, Buffer.concat([asked.files.get(asked.name) ?? Buffer.alloc(0), Buffer.from('\r')]));
    };
    const server = await start({ lies: { write: twice } });
    const found = failed(await look(specOf(server)));
    expect(found.step).toBe('size');
    expect(found.cause).toContain('changes files or loses bytes');
  });

  it('has somebody who takes files at once: a note', async () => {
    const taken: SftpLie = (asked, honest) => {
      honest();
      asked.files.delete(asked.to);
    };
    const report = await look(specOf(await start({ lies: { rename: taken } })));
    expect(report.ok).toBe(true);
    expect(resultOf(report, 'rename')).toMatchObject({
      result: 'note',
      hint: expect.stringContaining('not seen') as string,
    });
  });

  it('takes upper and lower case for one: a note', async () => {
    const server = await start({ fold: (name) => name.toLowerCase() });
    const report = await look(specOf(server));
    expect(resultOf(report, 'names')).toMatchObject({ result: 'note', detail: 'upper and lower case are one' });
    expect(report).toMatchObject({ ok: true, learned: { names: 'folded' } });
    expect(server.files.size).toBe(0);
  });

  it('lets nobody look, and then one that is set up for it', async () => {
    const blind: SftpScript = {
      lies: {
        look: says(denied),
        list: says(denied),
        open: (asked, honest) => (asked.writing ? honest() : asked.status(denied)),
      },
    };
    const server = await start(blind);
    const report = await look(specOf(server));
    expect(report.steps.find(({ result }) => result === 'failed')).toMatchObject({ step: 'size' });
    expect(report.steps.find(({ result }) => result === 'failed')?.hint).toContain('confirm: none');
    expect(report.block).toContain('    confirm: none   # ');
    const known = await look(specOf(server, { confirm: 'none' }), { confirm: 'none' });
    expect(resultOf(known, 'size')).toMatchObject({
      result: 'note',
      detail: 'nobody may look; "confirm: none" is right',
    });
    expect(server.files.size).toBe(0);
  });

  it('refuses names with a dot: where files are written straight, that is no matter', async () => {
    const noDots: SftpLie = (asked, honest) =>
      asked.writing && asked.name.startsWith('.') ? asked.status(denied, 'Permission denied') : honest();
    const server = await start({ lies: { open: noDots } });
    const found = failed(await look(specOf(server)));
    expect(found.cause).toContain('names that begin with a dot');
    const straight = await look(specOf(server, { rename: false }), { rename: false });
    expect(straight.steps.filter(({ result }) => result === 'failed')).toEqual([]);
    expect(server.files.size).toBe(0);
  });

  const kinds: SftpRequest[] = ['open', 'write', 'close', 'look', 'rename', 'remove', 'list'];
  const ways: [string, SftpLie][] = [
    ['refuses', says(denied, 'Permission denied')],
    ['fails', says(failure, 'Failure')],
    ['does not know', says(unsupported)],
    ['is silent at', () => undefined],
    ['hangs up at', (asked) => asked.cut()],
  ];
  const all = ways.flatMap(([way, lie]) => kinds.map((kind) => [way, kind, lie] as const));
  it.each(all)('%s every %s: the report ends, with cause and hint, and what is left is named', async (_, kind, lie) => {
    const server = await start({ lies: { [kind]: lie } });
    const report = await look(specOf(server));
    for (const { result, cause, hint } of report.steps)
      if (result === 'failed') expect([cause, hint]).toEqual([expect.stringMatching(/./), expect.stringMatching(/./)]);
    expect(report.steps.at(-1)?.step).toBe('clean-up');
    const broken = report.steps.filter(({ step, result }) => step !== 'clean-up' && result === 'failed');
    expect(broken.length, JSON.stringify(broken)).toBeLessThanOrEqual(1);
    const wrong = report.steps.filter(({ result }) => result === 'failed' || result === 'note');
    expect(wrong.length).toBeGreaterThan(0);
    const left = [...server.files.keys()];
    const cleaning = resultOf(report, 'clean-up');
    expect(left.length > 0).toBe(cleaning?.result === 'failed' && left.length > 0);
    for (const name of left) expect(cleaning?.cause).toContain(name);
    expect(JSON.stringify(report)).not.toContain('it is tried again');
  });
});
