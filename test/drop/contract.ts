import { mkdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { safeName } from '../../src/safe-name.ts';
import { deliver, digestIn, faultOf, namesIn, noSteps, outgoing, sha256, type Stage } from './stage.ts';

const bytesOf = async (stream: AsyncIterable<Buffer>): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
};

/** What every drop must do, whatever its kind. `start` is called once. */
export const dropContract = (name: string, start: () => Promise<Stage>): void => {
  describe(`a ${name} drop`, () => {
    let stage: Stage;
    beforeAll(async () => void (stage = await start()));
    afterAll(async () => stage.stop());
    afterEach(() => {
      for (const each of namesIn(stage.folder)) rmSync(join(stage.folder, each), { recursive: true });
    });

    putAndRead(() => stage);
    partialFiles(() => stage);
    takenNames(() => stage);
    troubles(() => stage);
    lifeCycle(() => stage);
  });
};

const putAndRead = (stage: () => Stage): void => {
  const cases = [
    ['an empty file', 'empty.csv', 0],
    ['one byte', 'one.csv', 1],
    ['5 MB', 'five.csv', 5_000_000],
    ['a name with spaces and other letters', 'Bestellungen März 2026 – 訂單 (1).csv', 70_000],
    ['a name that looks like an option', '-rf.csv', 10],
    ['a name of 255 bytes less the partial name’s share', `${'n'.repeat(230)}.csv`, 10],
  ] as const;
  it.each(cases)('takes %s and gives the same bytes back', async (_, fileName, size) => {
    const file = outgoing(fileName, size);
    const drop = await stage().open();
    try {
      expect(await drop.put(file, noSteps)).toBe('size');
      expect(await drop.list()).toMatchObject([{ name: fileName, bytes: size }]);
      const found = await drop.look(file.name);
      expect(found).toMatchObject({ name: fileName, bytes: size });
      expect(found?.modifiedAt).toBeGreaterThan(Date.now() - 120_000);
      expect(sha256(await bytesOf(await drop.fetch(file.name)))).toBe(file.sha256);
      expect(digestIn(stage().folder, fileName)).toBe(file.sha256);
      await drop.remove(file.name);
      await drop.remove(file.name);
      expect(await drop.look(file.name)).toBeUndefined();
      expect((await faultOf(drop.fetch(file.name))).code).toBe('missing');
      expect(namesIn(stage().folder)).toEqual([]);
    } finally {
      await drop.close();
    }
  });

  it('can be told to keep one write in flight', async () => {
    const file = outgoing('slow.csv', 300_001);
    const seen: number[] = [];
    await deliver(stage(), file, { progress: (bytes) => void seen.push(bytes) }, { concurrency: 1 });
    expect(digestIn(stage().folder, 'slow.csv')).toBe(file.sha256);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect(seen.at(-1)).toBe(file.bytes);
  });

  it('lists files and no folders', async () => {
    mkdirSync(join(stage().folder, 'archive'));
    writeFileSync(join(stage().folder, 'a.csv'), 'x');
    const drop = await stage().open();
    expect((await drop.list()).map((entry) => entry.name)).toEqual(['a.csv']);
    await drop.close();
  });

  it('gives up a fetch half-way without harm', async () => {
    writeFileSync(join(stage().folder, 'long.csv'), Buffer.alloc(3_000_000));
    const drop = await stage().open();
    for await (const chunk of await drop.fetch(safeName('long.csv'))) {
      expect((chunk as Buffer).length).toBeGreaterThan(0);
      break;
    }
    expect(await drop.look(safeName('long.csv'))).toMatchObject({ bytes: 3_000_000 });
    await drop.close();
  });
};

const partialFiles = (stage: () => Stage): void => {
  it('shows nothing under the final name while bytes are in flight, and calls the steps in order', async () => {
    const file = outgoing('orders.csv', 3_000_000);
    const during = new Set<string>();
    const order: string[] = [];
    await deliver(stage(), file, {
      progress: () => namesIn(stage().folder).forEach((name) => during.add(name)),
      uploaded: () => {
        order.push('uploaded');
        expect(digestIn(stage().folder, file.partial)).toBe(file.sha256);
      },
      renaming: () => {
        order.push('renaming');
        expect(namesIn(stage().folder)).toEqual([file.partial]);
      },
      renamed: () => {
        order.push('renamed');
        expect(namesIn(stage().folder)).toEqual(['orders.csv']);
      },
    });
    expect([...during]).toEqual([file.partial]);
    expect(order).toEqual(['uploaded', 'renaming', 'renamed']);
    expect(digestIn(stage().folder, 'orders.csv')).toBe(file.sha256);
  });

  it.each(['uploaded', 'renaming'] as const)('renames nothing and cleans up when "%s" says no', async (step) => {
    const refusal = new Error('the database is gone');
    const attempt = deliver(stage(), outgoing('orders.csv', 1000), { [step]: () => Promise.reject(refusal) });
    await expect(attempt).rejects.toBe(refusal);
    expect(namesIn(stage().folder)).toEqual([]);
  });

  it('begins a left-over partial file anew', async () => {
    const file = outgoing('orders.csv', 'new');
    writeFileSync(join(stage().folder, file.partial), 'older and longer');
    const drop = await stage().open();
    await drop.remove(file.partial);
    await drop.close();
    await deliver(stage(), file);
    expect(readFileSync(join(stage().folder, 'orders.csv'), 'utf8')).toBe('new');
  });
};

const takenNames = (stage: () => Stage): void => {
  it('refuses a name that is taken, and leaves what is there', async () => {
    writeFileSync(join(stage().folder, 'orders.csv'), 'theirs');
    const fault = await faultOf(deliver(stage(), outgoing('orders.csv', 'ours')));
    expect(fault).toMatchObject({ code: 'taken', next: 'hold' });
    expect(readFileSync(join(stage().folder, 'orders.csv'), 'utf8')).toBe('theirs');
    expect(namesIn(stage().folder)).toEqual(['orders.csv']);
  });

  it.each(['uploaded', 'renaming'] as const)('refuses a name that is taken at "%s"', async (step) => {
    const file = outgoing('orders.csv', 'ours');
    const take = () => writeFileSync(join(stage().folder, 'orders.csv'), 'theirs');
    expect(await faultOf(deliver(stage(), file, { [step]: take }))).toMatchObject({ code: 'taken', next: 'hold' });
    expect(readFileSync(join(stage().folder, 'orders.csv'), 'utf8')).toBe('theirs');
    expect(namesIn(stage().folder)).toEqual(['orders.csv']);
  });

  it('counts a link that leads nowhere as taken', async () => {
    symlinkSync('nowhere', join(stage().folder, 'orders.csv'));
    expect((await faultOf(deliver(stage(), outgoing('orders.csv', 'ours')))).code).toBe('taken');
  });

  it.each(['before', 'renaming'])('replaces when told to (there %s)', async (when) => {
    const take = () => writeFileSync(join(stage().folder, 'orders.csv'), 'theirs');
    if (when === 'before') take();
    const file = outgoing('orders.csv', 'ours');
    await deliver(stage(), file, when === 'before' ? {} : { renaming: take }, { replace: true });
    expect(readFileSync(join(stage().folder, 'orders.csv'), 'utf8')).toBe('ours');
    expect(namesIn(stage().folder)).toEqual(['orders.csv']);
  });

  it('says "no" when the partner took the file at once', async () => {
    const take = () => rmSync(join(stage().folder, 'orders.csv'));
    expect(await deliver(stage(), outgoing('orders.csv', 'ours'), { renamed: take })).toBe('no');
  });

  it('says so when the final name has another size after the rename', async () => {
    const change = () => writeFileSync(join(stage().folder, 'orders.csv'), 'something else');
    const fault = await faultOf(deliver(stage(), outgoing('orders.csv', 'ours'), { renamed: change }));
    expect(fault).toMatchObject({ code: 'size', next: 'hold' });
  });

  it('notices bytes lost under the partial name', async () => {
    const file = outgoing('orders.csv', 200_000);
    const lose = (bytes: number) => {
      if (bytes === file.bytes) truncateSync(join(stage().folder, file.partial), 100);
    };
    const fault = await faultOf(deliver(stage(), file, { progress: lose }));
    expect(fault).toMatchObject({ code: 'size', next: 'retry' });
    expect(namesIn(stage().folder)).toEqual([]);
  });
};

const troubles = (stage: () => Stage): void => {
  it('says that the folder is missing', async () => {
    const fault = await faultOf(stage().open({ folder: '/not-there' }));
    expect(fault).toMatchObject({ code: 'folder', next: 'hold' });
  });

  it('says that the folder is a file', async () => {
    writeFileSync(join(stage().folder, 'file'), '');
    const file = stage().folder.endsWith('/jail/in') ? '/in/file' : join(stage().folder, 'file');
    expect(await faultOf(stage().open({ folder: file }))).toMatchObject({ code: 'folder', next: 'hold' });
  });

  it('lets "permission denied" through', async () => {
    const file = outgoing('orders.csv', 10);
    const allow = stage().forbid();
    try {
      const fault = await faultOf(deliver(stage(), file));
      expect(fault).toMatchObject({ code: 'denied', next: 'hold' });
    } finally {
      allow();
    }
    expect(namesIn(stage().folder)).toEqual([]);
  });

  it('says that the disk is full, and leaves nothing behind', async ({ skip }) => {
    const small = await stage().small();
    if (typeof small === 'string') return skip(small);
    try {
      const fault = await faultOf(deliver(small, outgoing('orders.csv', 9_000_000)));
      expect(fault).toMatchObject({ code: 'disk-full', next: 'retry' });
      expect(namesIn(small.folder)).toEqual([]);
      const fitting = outgoing('orders.csv', 1_000_000);
      expect(await deliver(small, fitting)).toBe('size');
      expect(digestIn(small.folder, 'orders.csv')).toBe(fitting.sha256);
    } finally {
      await small.stop();
    }
  });

  it.each([
    ['missing', (path: string) => rmSync(path)],
    ['longer', (path: string) => writeFileSync(path, 'abcdef', { flag: 'a' })],
    ['changed', (path: string) => writeFileSync(path, 'X', { flag: 'r+' })],
  ] as const)('holds when our own bytes are %s', async (_, spoil) => {
    const file = outgoing('orders.csv', 'abcdef');
    spoil(file.path);
    expect(await faultOf(deliver(stage(), file))).toMatchObject({ code: 'local', next: 'hold' });
    expect(namesIn(stage().folder)).toEqual([]);
  });

  it('holds when one byte of a large file of ours is changed', async () => {
    const file = outgoing('orders.csv', Buffer.alloc(17 * 1024 * 1024));
    writeFileSync(file.path, 'X', { flag: 'r+' });
    expect(await faultOf(deliver(stage(), file))).toMatchObject({ code: 'local', next: 'hold' });
    expect(namesIn(stage().folder)).toEqual([]);
    const whole = outgoing('orders.csv', 17 * 1024 * 1024);
    expect(await deliver(stage(), whole)).toBe('size');
    expect(digestIn(stage().folder, 'orders.csv')).toBe(whole.sha256);
  });

  it.each(['../escape.csv', '..', '.', '', 'a/b.csv', 'a\\b.csv', 'a\nb.csv', 'a\u0000b.csv'])(
    'cannot be given the name %j',
    (unsafe) => expect(() => outgoing(unsafe, 'x')).toThrow(/use the file name/),
  );
};

const lifeCycle = (stage: () => Stage): void => {
  it('closes twice, and does nothing afterwards that looks like success', async () => {
    const drop = await stage().open();
    await Promise.all([drop.close(), drop.close()]);
    await drop.close();
    expect(drop.place).toMatch(/^(file|sftp|ftps):\/\//);
    expect(drop.place).not.toContain('correct horse');
  });

  it('serves many at once', async () => {
    const sent = Array.from({ length: 6 }, (_, n) => outgoing(`orders-${n}.csv`, 200_000 + n));
    await Promise.all(sent.map((file) => deliver(stage(), file)));
    expect(namesIn(stage().folder)).toEqual(sent.map((file) => file.name));
    for (const file of sent) expect(digestIn(stage().folder, file.name)).toBe(file.sha256);
  });
};
