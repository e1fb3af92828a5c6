import { expect, test } from 'vitest';
import { applyQueued } from '../../../src/inbound/submission/apply-queue.ts';
import { releaseSubmission } from '../../../src/inbound/submission/release.ts';
import { sayingWhatItWaitsFor, showSubmission } from '../../../src/inbound/submission/submission.ts';
import { unusualReason } from '../../../src/inbound/submission/unusual.ts';
import { describeStores } from '../../stores.ts';
import { eventType } from './event-type.ts';
import { makeStage, order } from './stage.ts';

const rule = { reversalsOver: 30, atLeast: 3 };
const type = { ...eventType, hold: rule };
const header = 'OrderId,ActionTrackerId,Amount,Reason';
const orders = Array.from({ length: 6 }, (_, i) => order(`O${i}`));

/** Each of the six orders: reversed, or changed. */
const fileOf = (reversed: number): string =>
  [header, ...orders.map((_, i) => `O${i},4521,${i < reversed ? 0 : 50},ITEM_RETURNED`)].join('\n');

test('a share and a number decide, both exactly', () => {
  expect(unusualReason(rule, { asks: 10, reversals: 3 })).toBeUndefined();
  expect(unusualReason(rule, { asks: 10, reversals: 4 })).toContain('4 of 10 lines (40 %)');
  expect(unusualReason(rule, { asks: 2, reversals: 2 })).toBeUndefined();
  expect(unusualReason(rule, { asks: 0, reversals: 0 })).toBeUndefined();
  expect(unusualReason({ reversalsOver: 0, atLeast: 1 }, { asks: 1000, reversals: 1 })).toContain('(0.1 %)');
});

describeStores('a file with unusually many reversals', (open) => {
  test('is held before anything is changed, says its counts, and is applied once it is released', async () => {
    const stage = await makeStage(await open(), orders, type);
    const held = await stage.send(fileOf(4));
    expect([held.status, held.rows, held.position]).toEqual(['Held', [], 0]);
    expect(held.error).toBe(
      '4 of 6 lines (66.7 %) ask for a reversal, and more than 30 % is unusual for this event type; nothing was changed. ' +
        'Ask the sender whether that is meant, then release it.',
    );
    expect((await stage.shown('O0'))[0]?.journal).toHaveLength(1);
    await releaseSubmission(stage.store, held.id);
    expect(await stage.apply(held.id)).toBe('complete');
    expect((await stage.stand(held.id)).outcomes).toEqual({ REVERSED: 4, MODIFIED: 2 });
  });

  test('is not held with few of them, nor as a dry run', async () => {
    const stage = await makeStage(await open(), orders, type);
    expect((await stage.send(fileOf(6), { check: true })).status).toBe('Complete');
    expect((await stage.send(fileOf(1))).status).toBe('Complete');
  });

  test('waits without its event type, says so, and goes on when it is back', async () => {
    const stage = await makeStage(await open(), orders);
    const { id } = await stage.accept(fileOf(1));
    const waiting = await stage.stand(id);
    expect(showSubmission(sayingWhatItWaitsFor(waiting, new Map()))).toMatchObject({
      status: 'Queued',
      error: 'The event type 4521 is not in the configuration. It waits until event-types/4521.yaml is there.',
    });
    expect(sayingWhatItWaitsFor(waiting, new Set([4521]))).toEqual(waiting);
    await applyQueued(stage, eventType, { signal: new AbortController().signal });
    const done = await stage.stand(id);
    expect(done.status).toBe('Complete');
    expect(sayingWhatItWaitsFor(done, new Map())).toEqual(done);
  });
});
