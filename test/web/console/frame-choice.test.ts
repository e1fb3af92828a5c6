import { expect, test } from 'vitest';
import type { Feed } from '../../../src/outbound/feed/feed.ts';
import { choiceIn, frameIn } from '../../../src/web/console/frame-choice.ts';
import { narrowedTo } from '../../../src/web/frames.ts';
import { makeFeed } from '../../feeds.ts';

const berlin = makeFeed({ timezone: 'Europe/Berlin', selection: { campaigns: ['1', '2'], eventTypes: [7] } });
const at = (text: string) => Date.parse(text);
const chosen = (fields: Record<string, string>) =>
  choiceIn(new URLSearchParams(fields), berlin, at('2026-03-30T22:30Z'));
const frame = (from: string, to: string) => frameIn({ from, to, by: 'created', campaigns: [] }, berlin);

test('yesterday in the zone of the feed is what a form begins with', () => {
  expect(chosen({})).toEqual({ from: '2026-03-30T00:00', to: '2026-03-31T00:00', by: 'created', campaigns: [] });
});

test('the clock is that of the zone, also where it is changed', () => {
  expect(frame('2026-03-28T00:00', '2026-03-29T02:30')).toEqual({
    frame: { by: 'created', from: at('2026-03-27T23:00Z'), to: at('2026-03-29T01:00Z') },
  });
  expect(frame('2026-10-25T02:30', '2026-10-25T03:30:15')).toEqual({
    frame: { by: 'created', from: at('2026-10-25T00:30Z'), to: at('2026-10-25T02:30:15Z') },
  });
});

test.each([
  ['', '2026-01-01T00:00', /From is not/],
  ['2026-02-30T00:00', '2026-03-01T00:00', /From is not/],
  ['2026-01-01T00:00', 'tomorrow', /To is not a date/],
  ['2026-01-01T00:00', '2026-01-01T00:00', /not after/],
  ['2026-01-01T00:00Z', '2026-01-02T00:00', /From is not/],
])('%s to %s is no frame', (from, to, why) => {
  expect(frame(from, to)).toMatchObject({ wrong: expect.stringMatching(why) as string });
});

test('only campaigns of the feed can be chosen, and none is all of them', () => {
  const chosenOf = (feed: Feed, asked: string) =>
    narrowedTo(feed, choiceIn(new URLSearchParams(asked), feed, 0).campaigns);
  expect(chosenOf(berlin, 'campaign=2&campaign=3').selection).toEqual({ campaigns: ['2'], eventTypes: [7] });
  expect(chosenOf(berlin, 'campaign=3')).toBe(berlin);
  const free = makeFeed();
  expect(chosenOf(free, 'campaign=3')).toBe(free);
});
