import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { openReader, type Reader } from '../../store/reader.ts';
import { memberAggregate, memberRows } from './member-query.ts';
import { membersOf } from './members.ts';
import type { Block, CurrencySum, FromWorker, RangeRequest, RenderJob, ToWorker } from './render-message.ts';
import { makeRowWriter } from './row-writer.ts';

/**
 * A thread with a database connection of its own that turns ranges of rows into lines. A small composition root: it
 * is started by `render.ts` and talks only to it.
 */
const serve = async (port: MessagePort, job: RenderJob): Promise<void> => {
  const reader = await openReader(job.address);
  const say = (message: FromWorker, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);
  const render = makeRenderer(reader, job);
  const answer = async (message: ToWorker): Promise<void> => {
    switch (message.kind) {
      case 'open':
        return say({ kind: 'opened', token: await reader.openSnapshot(message.token) });
      case 'range': {
        const block = await render(message);
        return say({ kind: 'block', ...block }, [block.bytes.buffer]);
      }
      case 'sums':
        return say({ kind: 'sums', sums: await readSums(reader, job, message) });
      default:
        return message satisfies never;
    }
  };
  let last = Promise.resolve();
  port.on('message', (message: ToWorker) => {
    // An error here ends the thread, and `render.ts` hears it as the worker's `error`.
    last = last.then(() => answer(message));
  });
  say({ kind: 'ready' });
};

const makeRenderer = (reader: Reader, job: RenderJob): ((range: RangeRequest) => Promise<Block>) => {
  const writer = makeRowWriter(job.layout, job.rule.include, job.address.kind);
  const query = memberRows(job.rule, { expressions: writer.sources, frame: job.frame });
  return async ({ from, to }) => {
    const rows = await reader.rows(query.sql, query.parameters(from, to));
    const sequences: number[] = [];
    let text = '';
    for (const row of rows) {
      sequences.push(Number(row[0]));
      text += writer.line(row);
    }
    const bytes = new TextEncoder().encode(text);
    return { bytes, ...membersOf(sequences) };
  };
};

const readSums = async (
  reader: Reader,
  { rule, frame }: RenderJob,
  { from, to }: { from: number; to: number },
): Promise<CurrencySum[]> => {
  const changes = rule.include === 'changes';
  const amount = changes ? 'j.amount' : 't.amount';
  const delta = changes ? ', cast(sum(j.amount - coalesce(j.amount_before, 0)) as text)' : '';
  const select = `t.currency, count(*), cast(sum(${amount}) as text)${delta}`;
  const query = memberAggregate(rule, select, { frame, groupBy: 't.currency' });
  const rows = await reader.rows(query.sql, query.parameters(from, to));
  return rows.map(([currency, count, sum, moved]) => ({
    currency: String(currency),
    rows: Number(count),
    amount: String(sum),
    ...(changes && { delta: String(moved) }),
  }));
};

if (parentPort) await serve(parentPort, workerData as RenderJob);
