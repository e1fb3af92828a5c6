import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { DropCode } from '../../../src/drop/drop.ts';
import { openDrop } from '../../../src/drop/open-drop.ts';
import { startTalker, withoutEnd } from '../../servers/talker.ts';
import { faultOf } from '../stage.ts';
import { sftpSpec } from './stage.ts';

describe('what answers is no SFTP server:', () => {
  const talks: [string, (socket: Socket) => void, DropCode[]][] = [
    ['it says nothing', () => undefined, ['timeout']],
    ['it greets and falls silent', (socket) => socket.write('SSH-2.0-quiet\r\n'), ['timeout']],
    ['it greets half', (socket) => socket.write('SSH-2.'), ['timeout']],
    ['it hangs up', (socket) => socket.end(), ['cut']],
    ['it greets and hangs up', (socket) => socket.end('SSH-2.0-quiet\r\n'), ['cut']],
    ['it speaks FTP', (socket) => socket.write('220 ready\r\n'), ['timeout', 'refused']],
    ['it speaks SSH 1', (socket) => socket.write('SSH-1.5-old\r\n'), ['refused']],
    [
      'it greets with lines without end',
      (socket) => withoutEnd(socket, 'welcome\r\n'.repeat(1000)),
      ['timeout', 'refused', 'cut'],
    ],
    [
      'it greets with a line without end',
      (socket) => withoutEnd(socket, 'x'.repeat(9000)),
      ['timeout', 'refused', 'cut'],
    ],
    ['it sends noise', (socket) => withoutEnd(socket, randomBytes(9000)), ['timeout', 'refused', 'cut']],
    [
      'it sends noise after the greeting',
      (socket) => (socket.write('SSH-2.0-x\r\n'), withoutEnd(socket, randomBytes(9000))),
      ['refused', 'cut'],
    ],
  ];
  it.each(talks)('%s', async (_, talk, codes) => {
    const server = await startTalker(talk);
    try {
      const fault = await faultOf(openDrop(sftpSpec({ ...server, fingerprint: 'SHA256:none' }, { stepTimeout: 600 })));
      expect(codes, fault.message).toContain(fault.code);
      expect(fault.next).not.toBe('bug');
    } finally {
      await server.close();
    }
  });
});
