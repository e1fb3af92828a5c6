import { appendFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { reached } from '../../src/commit-point.ts';
import type { OpenDrop } from '../../src/drop/drop.ts';
import { findDeliveries } from '../../src/outbound/delivery/deliveries.ts';
import { openAtFence, type OpenAtFence } from '../../src/store/fence.ts';
import { type Line, feed } from './line.ts';

/** Mistakes that a file exchange can make, each of which the checker must find. */
export const mistakes = ['uploads straight', 'moves the watermark first', 'renders again'] as const;
export type Mistake = (typeof mistakes)[number];

/** Writes under the final name from the first byte on; at half the file it reaches `5 uploading` a second time. */
const straightTo =
  (folder: string, open: OpenDrop): OpenDrop =>
  async (spec) => ({
    ...(await open(spec)),
    put: async ({ name, path }, steps) => {
      const content = readFileSync(path);
      const half = Math.floor(content.length / 2);
      writeFileSync(join(folder, name), content.subarray(0, half));
      reached('5 uploading');
      appendFileSync(join(folder, name), content.subarray(half));
      await steps.renaming();
      await steps.renamed?.();
      return 'size';
    },
  });

/** Moves the watermark in a database transaction of its own, before there is a batch. */
const watermarkFirst: OpenAtFence = async (store, open, options) => {
  const fence = await openAtFence(store, open, options);
  await store.write(({ knex }) => knex('feeds').where({ name: feed.name }).update({ watermark: fence }));
  return fence;
};

/** The same line with a mistake built in. */
export const spoil = (line: Line, mistake: Mistake | undefined, folder: string): Line => {
  switch (mistake) {
    case 'uploads straight':
      return { ...line, openDrop: straightTo(folder, line.openDrop) };
    case 'moves the watermark first':
      return { ...line, openAtFence: watermarkFirst };
    case 'renders again':
    case undefined:
      return line;
    default:
      return mistake satisfies never;
  }
};

/** Instead of sending the frozen bytes again it makes new ones from the ledger as it now is, under the same name. */
export const renderAgain = async ({ store }: Line, folder: string): Promise<void> => {
  for (const { fileName } of await findDeliveries(store.read, { states: ['pending', 'sending'] })) {
    const rows = (await store.read('transactions').orderBy('id')) as { order_id: string; amount: unknown }[];
    const lines = rows.map(({ order_id: order, amount }) => `${order},${Number(amount) / 100}\r\n`);
    writeFileSync(join(folder, '.again'), ['orderId,Amount\r\n', ...lines].join(''));
    renameSync(join(folder, '.again'), join(folder, fileName));
  }
};
