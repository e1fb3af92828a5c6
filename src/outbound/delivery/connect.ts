import { placeOf, type Drop } from '../../drop/drop.ts';
import { asFault } from '../../fault.ts';
import type { DeliveryContext } from './context.ts';
import type { DropPlan } from './delivery.ts';
import { keepLearned, knownDrop } from './known-drops.ts';
import { defaultSessions, takeSlot } from './slots.ts';
import { trustedKeysOf, withTrusted } from './trusted-keys.ts';

/**
 * A connection to a drop as every part of this room opens it: not more of them than `sessions` at a time, with the keys
 * that a person has come to trust, and with what was learned before. What it learns is kept when it is closed. Faults:
 * those of the drop.
 */
export const connect = async (
  ctx: Pick<DeliveryContext, 'store' | 'openDrop' | 'log'>,
  { spec, sessions }: Pick<DropPlan, 'spec' | 'sessions'>,
  signal?: AbortSignal,
): Promise<Drop> => {
  const { store } = ctx;
  const place = placeOf(spec);
  const free = await takeSlot(spec.name, sessions ?? defaultSessions, signal);
  try {
    const before = (await knownDrop(store.read, spec.name, place))?.learned ?? {};
    const trusted = withTrusted(spec, await trustedKeysOf(store.read, spec));
    const drop = await ctx.openDrop(trusted, signal, before);
    const keep = () =>
      keepLearned(store, { name: spec.name, place }, before, drop.learned).catch((error: unknown) => {
        // What was learned is a convenience: the delivery does not fail for it, and the next one learns it again.
        ctx.log?.warn({ drop: spec.name, err: asFault(error, 'keep what was learned of', spec.name) }, 'not kept');
      });
    let closing: Promise<void> | undefined;
    const close = async (): Promise<void> => {
      await drop.close();
      free();
      await keep();
    };
    return {
      place: drop.place,
      learned: drop.learned,
      put: (file, steps) => drop.put(file, steps),
      list: () => drop.list(),
      look: (name, most) => drop.look(name, most),
      fetch: (name) => drop.fetch(name),
      remove: (name) => drop.remove(name),
      close: () => (closing ??= close()),
    };
  } catch (error) {
    free();
    throw error;
  }
};
