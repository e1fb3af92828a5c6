import { Readable } from 'node:stream';
import type { Feed } from '../../outbound/feed/feed.ts';
import { exportToDrops, exportToSpool } from '../../outbound/feed/manual.ts';
import type { TimeFrame } from '../../outbound/feed/time-frame.ts';
import { attachment } from '../api/download.ts';
import { alone } from '../alone.ts';
import type { WebContext } from '../context.ts';
import { wrongRequest } from '../problem.ts';
import type { KnownCall } from '../route.ts';
import { choiceIn, frameIn, narrowed } from './frame-choice.ts';
import { backTo } from './frame.ts';

/** What the form has chosen. Fault `usage`. */
const chosenIn = async (ctx: WebContext, call: KnownCall, feed: Feed): Promise<{ feed: Feed; frame: TimeFrame }> => {
  const choice = choiceIn(await call.form(), feed, ctx.clock.now());
  const found = frameIn(choice, feed);
  if ('wrong' in found) throw wrongRequest('the time frame', found.wrong.replace(/\.$/, ''), 'choose it anew');
  return { feed: narrowed(feed, choice), frame: found.frame };
};

const taken = async (ctx: WebContext, call: KnownCall, chosen: Feed): Promise<Response> => {
  const { feed, frame } = await chosenIn(ctx, call, chosen);
  const { spool, fileName } = await exportToSpool(ctx, feed, frame);
  const stream = ctx.spool.read(spool);
  stream.once('close', () => void ctx.spool.remove(spool).catch(() => undefined)); // what stays is swept
  return new Response(Readable.toWeb(stream) as ReadableStream, {
    headers: { 'Content-Type': 'application/octet-stream', 'Content-Disposition': attachment(fileName) },
  });
};

const sent = async (ctx: WebContext, call: KnownCall, chosen: Feed): Promise<Response> => {
  if (chosen.retired)
    throw wrongRequest(`the feed ${chosen.name}`, 'it is retired: its partner gets nothing any more', 'download it');
  const { feed, frame } = await chosenIn(ctx, call, chosen);
  const { id } = await exportToDrops(ctx, feed, frame);
  return backTo(`/batches/${id}`);
};

/** Writes a chosen frame: at most one of a feed at a time, for each takes two threads. Fault `busy` (refuse). */
export const exporting = (ctx: WebContext) => {
  const exclusive = (work: typeof taken) => (call: KnownCall, feed: Feed) =>
    alone(ctx, { operation: 'export a time frame of', object: feed.name }, () => work(ctx, call, feed));
  return { download: exclusive(taken), deliver: exclusive(sent) };
};
