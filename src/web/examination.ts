import { type DoctorOptions, examine } from '../drop/doctor/doctor.ts';
import type { DoctorReport } from '../drop/doctor/report.ts';
import { type DropSpec, placeOf } from '../drop/drop.ts';
import { keepLearned } from '../outbound/delivery/known-drops.ts';
import { trustedKeysOf, withTrusted } from '../outbound/delivery/trusted-keys.ts';
import type { Store } from '../store/store.ts';
import { alone } from './alone.ts';
import type { WebContext } from './context.ts';

/**
 * The doctor's report on a drop, with the keys that deliveries trust too; what was learned of a sound drop is kept for
 * them. Without a database only the pinned keys count, and nothing is kept.
 */
export const examineDrop = async (
  store: Store | undefined,
  spec: DropSpec,
  options: DoctorOptions,
): Promise<DoctorReport> => {
  const trusted = store ? withTrusted(spec, await trustedKeysOf(store.read, spec)) : spec;
  const report = await examine(trusted, options);
  if (store && report.ok) await keepLearned(store, { name: spec.name, place: placeOf(spec) }, {}, report.learned);
  return report;
};

/** Then the examination is broken off, cleans up, and says so. Milliseconds. */
const deadlineMs = 60_000;

/** Examines a drop while somebody waits, one examination of a drop at a time. Fault `busy` (refuse). */
export const examineNow = (ctx: WebContext, spec: DropSpec): Promise<DoctorReport> =>
  alone(ctx, { operation: 'examine', object: spec.name }, () =>
    examineDrop(ctx.store, spec, {
      section: ctx.dropSection(spec.name),
      now: ctx.clock.now(),
      signal: AbortSignal.timeout(deadlineMs),
    }),
  );
