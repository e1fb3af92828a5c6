import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { blockOf, flow } from '../../../src/drop/doctor/block.ts';
import { judge } from '../../../src/drop/doctor/certificate.ts';
import { firstLine, softwareOf, spokenIn } from '../../../src/drop/doctor/protocol.ts';
import { median, size, speed, time } from '../../../src/drop/doctor/text.ts';
import type { FtpsSpec, SftpSpec } from '../../../src/drop/drop.ts';
import { Secret } from '../../../src/secret.ts';

const sftp: SftpSpec = {
  ...{ kind: 'sftp', name: 'acme-sftp', host: 'sftp.acme.example', port: 22, user: 'nightdrop', folder: '/in' },
  ...{ hostKeys: [], concurrency: 16, stepTimeout: 1000, replace: false },
};

const ftps: FtpsSpec = {
  ...{ kind: 'ftps', name: 'acme-ftps', host: 'ftp.acme.example', port: 21, mode: 'explicit', user: 'nightdrop' },
  ...{ password: new Secret('x'), tls: { min: 'TLSv1.2', max: 'TLSv1.3' }, folder: '/in' },
  ...{ concurrency: 16, stepTimeout: 1000, replace: false },
};

describe('the section to paste', () => {
  it('reads back as what it was made of, whatever is in it', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = `drops:\n  acme:\n    key: ${flow(value)}`;
        // JSON writes -0 as 0.
        expect(parse(text)).toEqual({ drops: { acme: { key: JSON.parse(JSON.stringify(value)) as unknown } } });
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    'true',
    'no',
    '~',
    '22',
    '0x1f',
    '1e3',
    '2026-11-21',
    '*.csv',
    '- a',
    'a: b',
    'a #b',
    '',
    ' a',
    '~/in',
    '=x',
  ])('keeps the text %j text', (text) => expect(parse(`key: ${flow(text)}`)).toEqual({ key: text }));

  it('replaces keys in their place, adds others at the end, and says why', () => {
    const section = { kind: 'sftp', hostKeys: ['SHA256:old'], folder: '/in' };
    const facts = { hostKeys: ['SHA256:new', 'SHA256:other'], cannotRename: true, blind: true, oneSession: true };
    const block = blockOf(sftp, section, facts, { writes: 'one' });
    expect(parse(block)).toEqual({
      drops: {
        'acme-sftp': {
          ...{ kind: 'sftp', hostKeys: ['SHA256:new'], folder: '/in' },
          ...{ rename: false, concurrency: 1, confirm: 'none', sessions: 1 },
        },
      },
    });
    expect(block.split('\n').filter((line) => line.includes('   # '))).toHaveLength(5);
  });

  it('says nothing of what is set already', () => {
    const settled: SftpSpec = { ...sftp, rename: false, concurrency: 1, confirm: 'none' };
    const section = { kind: 'sftp', rename: false, concurrency: 1, confirm: 'none' };
    expect(blockOf(settled, section, { cannotRename: true, blind: true }, { writes: 'one' })).not.toContain('#');
  });
});

describe('who speaks there', () => {
  it.each([
    ['SSH-2.0-OpenSSH_9.6\r\n', 'ssh'],
    ['Welcome\r\nSSH-2.0-x\r\n', 'ssh'],
    ['SSH-2.0-not yet whole', 'other'],
    ['220 (vsFTPd 3.0.3)\r\n', 'ftp'],
    ['220-first\r\n220 last\r\n', 'ftp'],
    ['421 too many\r\n', 'ftp'],
    ['220 mx.example.test ESMTP Postfix\r\n', 'smtp'],
    ['HTTP/1.1 400 Bad Request\r\n', 'http'],
    ['<html>', 'http'],
    ['+OK ready\r\n', 'mailbox'],
    ['\x15\x03\x01\x00\x02\x02\x46', 'tls'],
    ['', 'nothing'],
    ['hello', 'other'],
  ])('%j: %s', (bytes, spoken) => expect(spokenIn(Buffer.from(bytes, 'latin1'))).toBe(spoken));

  it('is told in one line that is fit to be shown', () => {
    expect(firstLine(Buffer.from('Hi\r\nSSH-2.0-x\u001b[31m\r\n'))).toBe('SSH-2.0-x?[31m');
    expect(softwareOf('SSH-2.0-OpenSSH_9.6 Debian-1')).toBe('OpenSSH_9.6 Debian-1');
    expect(softwareOf('220 (vsFTPd 3.0.3)')).toBe('vsFTPd 3.0.3');
  });
});

describe('a certificate', () => {
  const now = Date.parse('2026-11-21T00:00:00Z');
  const days = (n: number) => now + n * 24 * 3_600_000;
  const shown = {
    ...{ fingerprint: 'SHA256:abc', names: ['ftp.acme.example'], issuer: 'Some CA' },
    ...{ validFrom: days(-100), validTo: days(100) },
  };

  it('that is good is good; one that ends soon is worth a note', () => {
    expect(judge(shown, ftps, now).result).toBeUndefined();
    const ending = judge({ ...shown, validTo: days(5) }, ftps, now);
    expect(ending).toMatchObject({ result: 'note', cause: 'the certificate ends on 2026-11-26' });
  });

  it('that is pinned is good whatever else is wrong; another than the pinned one is not', () => {
    const expired = { ...shown, validTo: days(-1), problem: 'it was valid until 2026-11-20' };
    expect(judge(expired, { ...ftps, certificates: ['SHA256:abc='] }, now).result).toBeUndefined();
    expect(judge(shown, { ...ftps, certificates: ['SHA256:def'] }, now)).toMatchObject({ result: 'failed' });
  });

  it.each([
    ['expired', { validTo: days(-1) }, 'it was valid until …', 'renewed'],
    ['not yet valid', { validFrom: days(2) }, 'it is valid only from …', 'the clock of this machine'],
    ['of another host', { names: ['a.example'] }, 'it is for a.example, not for …', 'set "host" to a name'],
    ['of nobody', {}, 'its authority (x) is not trusted here', 'ca: {file: PATH}'],
  ])('%s: the hint says what to set, and the pin', (_, changes, problem, hint) => {
    const found = judge({ ...shown, ...changes, problem }, ftps, now);
    expect(found).toMatchObject({ result: 'failed', cause: expect.stringContaining(problem) as string });
    expect(found.hint).toContain(hint);
    expect(found.hint).toContain('certificates: ["SHA256:abc"]');
    expect(found.hint).toContain('no credentials were sent');
  });
});

it('sizes, times and speeds are short', () => {
  expect([0, 999, 1024, 65_536, 4 * 1024 * 1024, 1.5 * 1024 ** 3].map(size)).toEqual([
    ...['0 bytes', '999 bytes', '1 KB', '64 KB', '4 MB', '1.5 GB'],
  ]);
  expect([0, 0.44, 12.4, 999, 4210].map(time)).toEqual(['0.1 ms', '0.4 ms', '12 ms', '999 ms', '4.2 s']);
  expect(speed(4 * 1024 * 1024, 500)).toBe('8 MB/s');
  expect(median([5, 1, 3])).toBe(3);
});
