import { describe, expect, test } from 'vitest';
import { type Alert, comeBackMs, compare, forgetMs, messageOf, type Notice, wordFor } from '../../src/watch/alert.ts';

const at = Date.parse('2026-11-21T15:00:00Z');

const alert = (changes: Partial<Alert> = {}): Alert => ({
  ...{ id: 7, key: 'held:d:host-key', kind: 'held', subject: 'd: held (host-key)', text: 'a text', hint: 'a hint' },
  ...{ openedAt: at, endedAt: null, reopened: 0, ...changes },
});

const notice = (changes: Partial<Notice> = {}): Notice => ({
  ...{ alertId: 7, channel: 'mail a@b.c', round: 0, toldAt: null, endedToldAt: null },
  ...{ attempts: 0, nextTryAt: 0, claim: 0, lastError: null, ...changes },
});

describe('what a channel is told', () => {
  const ended = { endedAt: at + 1000 };
  const again = { ...ended, reopened: 1 };
  test.each<[string, Partial<Alert>, Partial<Notice>, number, string | undefined]>([
    ['open, not told', {}, {}, at, 'opened'],
    ['open, told', {}, { toldAt: at }, at, undefined],
    ['ended, told open', ended, { toldAt: at }, at + 1000, 'ended'],
    ['ended, told of it', ended, { toldAt: at, endedToldAt: at }, at + 2000, undefined],
    ['ended before it could be told at all', ended, {}, at + 2000, 'ended'],
    ['ended long ago', ended, { toldAt: at }, at + 1001 + forgetMs, undefined],
    ['came back, not told', { reopened: 1 }, { round: 1 }, at, 'opened'],
    ['came back and ended, for a moment', again, { round: 1, toldAt: at }, at + comeBackMs, undefined],
    ['came back and ended, for good', again, { round: 1, toldAt: at }, at + 1000 + comeBackMs, 'ended'],
    ['came back and ended before it could be told', again, { round: 1 }, at + 2 * comeBackMs, undefined],
  ])('%s', (_, changes, known, now, word) => expect(wordFor(alert(changes), notice(known), now)).toBe(word));
});

describe('open alerts against the causes of the moment', () => {
  const cause = ({ key, kind, subject, text, hint }: Alert) => ({ key, kind, subject, text, hint });

  test('new ones open, gone ones end, others stay', () => {
    const open = [alert({ id: 1, key: 'a' }), alert({ id: 2, key: 'b' })];
    const causes = [cause(alert({ key: 'b' })), cause(alert({ key: 'c' }))];
    expect(compare(open, causes)).toEqual({ opened: [causes[1]], changed: [], ended: [1] });
  });

  test('other words change an alert and open none; of twins the first counts', () => {
    const causes = [cause(alert({ text: 'thirty files' })), cause(alert({ text: 'another' }))];
    expect(compare([alert()], causes)).toEqual({ opened: [], changed: [{ id: 7, cause: causes[0] }], ended: [] });
    expect(compare([], causes)).toEqual({ opened: [causes[0]], changed: [], ended: [] });
  });
});

describe('the words', () => {
  test('of an opening', () => {
    const message = messageOf(alert(), notice(), 'opened');
    expect(message).toMatchObject({ type: 'alert.opened', at, subject: '[Nightdrop] held: d: held (host-key)' });
    expect(message.text).toBe(
      'a text\n\nWhat to do: a hint\n\nSince 2026-11-21 15:00:00 UTC. Alert 7; "npx nightdrop alerts" lists what is open.',
    );
    expect(message.data).toEqual({
      ...{ id: 7, kind: 'held', subject: 'd: held (host-key)', text: 'a text', hint: 'a hint' },
      ...{ openedAt: '2026-11-21T15:00:00.000Z', endedAt: null },
    });
  });

  test('of an end, which follows its opening', () => {
    const opening = messageOf(alert(), notice(), 'opened');
    const end = messageOf(alert({ endedAt: at + 60_000 }), notice(), 'ended');
    expect(end).toMatchObject({ type: 'alert.ended', at: at + 60_000, follows: opening.id });
    expect(end.subject).toBe('[Nightdrop] ended: d: held (host-key)');
    expect(end.text).toContain('From 2026-11-21 15:00:00 UTC to 2026-11-21 15:01:00 UTC.');
  });

  test('ids are the same in every try, and others for everything else', () => {
    const id = (changes: Partial<Alert>, round: number, word: 'opened' | 'ended') =>
      messageOf(alert(changes), notice({ round }), word).id;
    expect(id({}, 0, 'opened')).toBe(id({ text: 'more files' }, 0, 'opened'));
    const all = [id({}, 0, 'opened'), id({}, 0, 'ended'), id({}, 1, 'opened'), id({ id: 8 }, 0, 'opened')];
    expect(new Set([...all, id({ openedAt: at + 1 }, 0, 'opened')]).size).toBe(5);
    for (const one of all) expect(one).toMatch(/^[\w-]+$/);
  });
});
