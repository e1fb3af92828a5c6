import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Fault } from '../../src/fault.ts';
import { makeKeepThread } from '../../src/store/keep-thread.ts';

const start = () => {
  const folder = mkdtempSync(join(tmpdir(), 'nightdrop-keep-'));
  const thread = makeKeepThread(folder);
  onTestFinished(async () => {
    await thread.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return { folder, thread };
};

const content = (text: string): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(Buffer.byteLength(text));
  bytes.set(Buffer.from(text));
  return bytes;
};

describe('small contents', () => {
  test('are files of their own, whole when they are said to be kept, in a group or alone', async () => {
    const { folder, thread } = start();
    const texts = ['', ...Array.from({ length: 120 }, (_, n) => `${n}:${'x'.repeat(n * 100)}`)];
    const names = await Promise.all(texts.map((text) => thread.keep(content(text))));
    names.push(await thread.keep(content('alone')));
    expect(names.map((name) => readFileSync(join(folder, name), 'utf8'))).toEqual([...texts, 'alone']);
    expect(readdirSync(folder).sort()).toEqual(names.toSorted());
    for (const name of names) expect(name).toMatch(/^[0-9a-f]{32}$/);
  });

  test('of a larger piece of memory are only the part that was given', async () => {
    const { folder, thread } = start();
    const [name, empty] = await Promise.all([
      thread.keep(content('0123456789').subarray(3, 6)),
      thread.keep(content('0123456789').subarray(0, 0)),
    ]);
    expect([name, empty].map((one) => readFileSync(join(folder, one), 'utf8'))).toEqual(['345', '']);
  });

  test('that cannot be written are a Fault with the cause, and those that come later are kept', async () => {
    const { folder, thread } = start();
    rmSync(folder, { recursive: true });
    const lost = await Promise.allSettled([thread.keep(content('a')), thread.keep(content('b'))]);
    for (const one of lost) {
      expect(one.status === 'rejected' && one.reason).toBeInstanceOf(Fault);
      expect(one).toMatchObject({ reason: { operation: 'write to the spool', object: folder, code: 'missing' } });
    }
    const again = start();
    chmodSync(again.folder, 0o700);
    expect(readFileSync(join(again.folder, await again.thread.keep(content('c'))), 'utf8')).toBe('c');
  });

  test('are kept by a new thread when the one before has ended', async () => {
    const { folder, thread } = start();
    await thread.keep(content('a'));
    await thread.close();
    expect(readFileSync(join(folder, await thread.keep(content('b'))), 'utf8')).toBe('b');
  });
});
