import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { openReader, type Reader } from '../../store/reader.ts';
import { ofTransaction } from './cell-fault.ts';
import { memberAggregate, memberRows } from './member-query.ts';
import { badRow, makeBlockWriter } from './render-block.ts';
import type { CurrencySum, FromWorker, RangeRequest, RenderJob, ToWorker } from './render-message.ts';
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
        const rendered = await render(message);
        return say(rendered, rendered.kind === 'block' ? [rendered.bytes.buffer] : []);
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

const makeRenderer = (reader: Reader, job: RenderJob): ((range: RangeRequest) => Promise<FromWorker>) => {
  const { layout, rule, frame } = job;
  const writer = makeRowWriter(layout, rule.include, job.address.kind);
  const write = makeBlockWriter(writer, layout);
  const query = memberRows(rule, { expressions: writer.sources, frame });
  const idQuery = memberRows(rule, { expressions: ['t.public_id'], frame });
  return async ({ from, to }) => {
    const rows = await reader.rows(query.sql, query.parameters(from, to));
    const block = write(rows);
    if (block) return { kind: 'block', ...block };
    const { sequence, fault } = badRow(writer, layout, rows);
    const [found] = await reader.rows(idQuery.sql, idQuery.parameters(sequence - 1, sequence));
    return { kind: 'refused', fault: ofTransaction(fault, String(found?.[0])) };
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
