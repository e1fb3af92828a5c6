import { buffer } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { readCsv } from '../../../src/file/csv.ts';
import { applySubmission } from '../../../src/inbound/submission/apply.ts';
import { findRows } from '../../../src/inbound/submission/rows.ts';
import { describeStores } from '../../stores.ts';
import { eventType } from './event-type.ts';
import { makeStage, order } from './stage.ts';

const header = 'OrderId,ActionTrackerId,Amount,Reason,Note';

/** Lines of which some cannot be read, some are blank, and some are items of one order. */
const files: Record<string, string> = {
  'plain.csv': [header, ...Array.from({ length: 12 }, (_, i) => `O${i},4521,${50 + i},ORDER_UPDATE,n${i}`), ''].join(
    '\n',
  ),
  'odd.csv': [
    `\ufeff${header}`,
    ...[
      'O0,4521,51,ORDER_UPDATE,"two\r\nlines"',
      '',
      'O1,4521,x"y,ORDER_UPDATE,bad',
      ',,,,',
      'O2,4521,53',
      'O3,4521,1E+15,,',
    ],
    ...[
      '"O4",4521,55,ORDER_UPDATE,"a ""quoted"" one"',
      'nobody,4521,1,ORDER_UPDATE,=1+1',
      'O5,4521,56,ORDER_UPDATE,last',
    ],
  ].join('\r\n'),
  'items.csv': [
    'OrderId,ActionTrackerId,Sku,Quantity,Amount,Reason',
    ...['O0,4521,a,1,10,ORDER_UPDATE', 'O0,4521,b,1,20,ORDER_UPDATE', 'O1,4521,a,1,5,ORDER_UPDATE'],
    ...[
      'O1,4521,a,1,5,ORDER_UPDATE',
      ...[4, 5, 6, 7, 8].map((i) => `O${i},4521,c,1,5,ORDER_UPDATE`),
      'O3,4521,"d,1,1,ORDER_UPDATE',
    ],
  ].join('\n'),
  'mods.xml': `<all>${Array.from(
    { length: 7 },
    (_, i) =>
      `<mod><OrderId>O${i}</OrderId><ActionTrackerId>4521</ActionTrackerId><Amount>${60 + i}</Amount><Reason>ORDER_UPDATE</Reason></mod>`,
  ).join('')}</all>`,
  'result_again.csv': [
    'OrderId,ActionTrackerId,Amount,Reason,line,outcome,message,hint',
    ...Array.from({ length: 6 }, (_, i) => `O${i},4521,${70 + i},ORDER_UPDATE,${i},NO_CHANGE,m,h`),
  ].join('\n'),
  'conversions.csv': [
    'CampaignId,ActionTrackerId,EventDate,OrderId,MediaPartnerId,Amount',
    ...Array.from({ length: 7 }, (_, i) => `1,4521,${i === 3 ? 'never' : new Date().toISOString()},C${i},7,${10 + i}`),
  ].join('\n'),
};

const csvRows = async (bytes: Buffer): Promise<string[][]> => {
  const rows: string[][] = [];
  async function* source() {
    yield await Promise.resolve(bytes);
  }
  for await (const block of readCsv(source(), { delimiter: ',' })) rows.push(...block.map(({ cells }) => cells));
  return rows;
};

describeStores('a submission that is taken up again', (open) => {
  for (const [fileName, text] of Object.entries(files))
    test(`has one outcome for each line and the same in its result file, wherever it stopped: ${fileName}`, async () => {
      const orders = Array.from({ length: 12 }, (_, i) => order(`O${i}`));
      const stage = await makeStage(await open(), orders);
      const { store, spool } = stage;
      const lease = await stage.lease();
      const context = { store, spool, eventType, lease };
      /** The columns of the sender as a run in one go leaves them. */
      let whole: string[][] | undefined;
      for (let stops = 0; stops < 4; stops++) {
        const { id } = await stage.accept(text, { fileName, check: true });
        for (let stop = 0; stop < stops; stop++)
          await applySubmission({ ...context, chunkLines: stop + 1, isStopped: () => true }, id);
        expect(await applySubmission({ ...context, chunkLines: 2 }, id)).toBe('complete');
        const { resultSpool, outcomes } = await stage.stand(id);
        const rows = await findRows(store.read, id);
        const [names, ...lines] = await csvRows(await buffer(spool.read(resultSpool!)));
        expect(names!.slice(-4)).toEqual(['line', 'outcome', 'message', 'hint']);
        const told = rows.map(({ line, outcome, message, hint }) => [String(line), outcome, message, hint]);
        expect(lines.map((cells) => cells.slice(-4))).toEqual(told);
        const sum = Object.values(outcomes).reduce((all, n) => all + n, 0);
        expect([sum, rows.length]).toEqual([lines.length, lines.length]);
        whole ??= lines;
        expect(lines).toEqual(whole);
      }
      expect(whole!.length).toBeGreaterThan(4);
    });
});
