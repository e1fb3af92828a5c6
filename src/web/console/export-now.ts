import type { Feed } from '../../outbound/feed/feed.ts';
import type { TimeFrame } from '../../outbound/feed/time-frame.ts';
import type { WebContext } from '../context.ts';
import { deliverFrame, frameFile, narrowedTo } from '../frames.ts';
import { wrongRequest } from '../problem.ts';
import type { KnownCall } from '../route.ts';
import { choiceIn, frameIn } from './frame-choice.ts';
import { backTo } from './frame.ts';

/** What the form has chosen. Fault `usage`. */
const chosenIn = async (ctx: WebContext, call: KnownCall, feed: Feed): Promise<{ feed: Feed; frame: TimeFrame }> => {
  const choice = choiceIn(await call.form(), feed, ctx.clock.now());
  const found = frameIn(choice, feed);
  if ('wrong' in found) throw wrongRequest('the time frame', found.wrong.replace(/\.$/, ''), 'choose it anew');
  return { feed: narrowedTo(feed, choice.campaigns), frame: found.frame };
};

/** Writes the frame that a form has chosen: a file to take away, or a batch for the feed's drops. */
export const exporting = (ctx: WebContext) => ({
  download: async (call: KnownCall, chosen: Feed): Promise<Response> => {
    const { feed, frame } = await chosenIn(ctx, call, chosen);
    return frameFile(ctx, feed, frame);
  },
  deliver: async (call: KnownCall, chosen: Feed): Promise<Response> => {
    const { feed, frame } = await chosenIn(ctx, call, chosen);
    const { id } = await deliverFrame(ctx, feed, frame);
    return backTo(`/batches/${id}`);
  },
});
