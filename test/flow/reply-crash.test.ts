import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import type { ReplyPoint } from '../../src/commit-point.ts';
import { findReply } from '../../src/inbound/mail/replies.ts';
import type { Store } from '../../src/store/store.ts';
import { makeReplyStage, sale } from '../inbound/mail/reply-stage.ts';
import { mailWith } from '../inbound/mail/stage.ts';
import { startScriptedSmtp } from '../servers/scripted-smtp.ts';
import { describeStores } from '../stores.ts';
import type { ReplyErrand } from './reply-child.ts';

const entry = fileURLToPath(new URL('reply-child.ts', import.meta.url));
const cache = fileURLToPath(new URL('../../node_modules/.cache/nightdrop', import.meta.url));

/**
 * Each commit point of an answer, and how often the relay has it once a process was killed there, and in the end; a new
 * one does not compile. Only who is killed between the relay's yes and its own note sends a second time.
 */
const taken = Object.entries({
  'reply planned': [0, 1],
  'reply claimed': [0, 1],
  'reply taken': [1, 2],
  'reply recorded': [1, 1],
} satisfies Record<ReplyPoint, [number, number]>) as [ReplyPoint, [number, number]][];

const urlOf = ({ address }: Store): string => (address.kind === 'sqlite' ? `sqlite:${address.file}` : address.url);

const dieAt = async (errand: ReplyErrand): Promise<void> => {
  const env = { ...process.env, NODE_COMPILE_CACHE: cache };
  const child = spawn(process.execPath, [entry, JSON.stringify(errand)], {
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  expect({ at: errand.at, code, signal }).toEqual({ at: errand.at, code: null, signal: 'SIGKILL' });
};

/** A claim lasts for minutes, which nobody waits for here: its end comes at once. */
const endClaims = (store: Store): Promise<unknown> =>
  store.write(({ knex }) => knex('replies').whereNotNull('claimed_until').update({ claimed_until: 1 }));

const messageIdOf = (mail: string): string => /^Message-ID: *(\S+)/im.exec(mail)?.[1] ?? 'none';

describeStores('killed while a mail is answered', (open) => {
  test('at every commit point, the answer is not lost, and sent once more at most', { timeout: 300_000 }, async () => {
    const relay = await startScriptedSmtp();
    onTestFinished(() => relay.close());
    const store = await open();
    const stage = await makeReplyStage(store, { port: relay.port });
    const { replying } = stage.contextOf();
    const rules: ReplyErrand['rules'] = [[4521, { reply: 'summary', authentication: 'record', name: 'Online sale' }]];
    const seen: unknown[] = [];
    for (const [at] of taken) {
      const csv = `OrderId,ActionTrackerId,Amount,Reason\n${at},4521,0,ITEM_RETURNED\n`;
      const { id } = await stage.mail(mailWith(['returns.csv', csv]));
      const before = relay.mails.length;
      const got = (): string[] => relay.mails.slice(before);
      await dieAt({ url: urlOf(store), spool: stage.spool.folder, replying: { ...replying }, rules, at });
      const then = got().length;
      // Whoever was killed may still be sending, for all that others know: while its claim lasts nobody else does.
      if (at === 'reply claimed' || at === 'reply taken') {
        await stage.send();
        expect([at, got().length]).toEqual([at, then]);
      }
      await endClaims(store);
      for (let n = 0; n < 3; n++) await stage.send();
      seen.push([at, [then, got().length]]);
      // The same answer: who gets it twice can tell.
      expect(new Set(got().map(messageIdOf)).size).toBe(1);
      expect(messageIdOf(got()[0] ?? '')).not.toBe('none');
      expect(await findReply(store.read, id, sale.recipient)).toMatchObject({ withheld: null, givenUpAt: null });
      expect((await findReply(store.read, id, sale.recipient))?.sentAt).not.toBeNull();
    }
    expect(seen).toEqual(taken);
  });
});
