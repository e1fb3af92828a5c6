import { html } from 'hono/html';
import { examine } from '../../drop/doctor/doctor.ts';
import { type DoctorReport, type DoctorStep, type Result, titles } from '../../drop/doctor/report.ts';
import { type DropSpec, placeOf } from '../../drop/drop.ts';
import { Fault } from '../../fault.ts';
import { keepLearned } from '../../outbound/delivery/known-drops.ts';
import { trustedKeysOf, withTrusted } from '../../outbound/delivery/trusted-keys.ts';
import type { WebContext } from '../context.ts';
import type { Html } from '../page.ts';
import type { KnownCall } from '../route.ts';
import { badge, cell, type Column, type Mood, table } from './cells.ts';
import { consolePage, ownForm } from './frame.ts';

/** Then the examination is broken off, cleans up, and says so. */
const deadlineMs = 60_000;

const moods: Record<Result, Mood> = { ok: 'good', failed: 'bad', note: 'warn', 'not tried': 'none' };

const columns: readonly Column[] = [
  { title: 'Step' },
  { title: 'Result' },
  { title: 'What was seen' },
  { title: 'Why, and what to do' },
  { title: 'Took', num: true },
];

const took = (ms: number): string => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);

const stepRow = ({ step, result, detail, cause, hint, ms }: DoctorStep): Html =>
  html`<tr>
    ${cell('Step', titles[step])} ${cell('Result', badge(moods[result], result))}
    ${cell('What was seen', detail || '–')}
    ${cell('Why, and what to do', cause === null ? '' : html`<strong>${cause}</strong><br />${hint}`)}
    ${cell('Took', result === 'not tried' ? '–' : took(ms), 'num')}
  </tr>`;

const verdict = ({ ok, steps }: DoctorReport): Html => {
  if (ok)
    return html`<p class="panel good">${badge('good', 'Deliveries work')} Every step that one needs was tried.</p>`;
  const failed = steps.find(({ result }) => result === 'failed');
  return html`<div class="panel bad" role="status">
    <p>${badge('bad', failed ? `Failed at: ${titles[failed.step]}` : 'Broken off before the end')}</p>
    ${failed?.cause ? html`<p>${failed.cause}</p>` : ''}
    ${failed?.hint ? html`<p><strong>What to do:</strong> ${failed.hint}</p>` : ''}
  </div>`;
};

const reportPage = (call: KnownCall, report: DoctorReport): Promise<Response> => {
  const path = `/drops/${encodeURIComponent(report.drop)}`;
  return consolePage(call, {
    title: `Examination of ${report.drop}`,
    body: html`<p class="crumb"><a href="/drops">Drops</a> / <a href="${path}">${report.drop}</a> / examination</p>
      <h1>Examination of ${report.drop}</h1>
      ${verdict(report)} ${table('The steps, in their order', columns, report.steps.map(stepRow), 'No step was taken.')}
      <h2>The section as it should stand</h2>
      <p>
        With what was found put in.
        <button type="button" data-copy="${report.block}">Copy the section</button>
      </p>
      <pre tabindex="0" aria-label="Section of the configuration"><code>${report.block}</code></pre>
      <form method="post" action="${path}/examination">${ownForm(call)}<button>Examine it again</button></form>`,
  });
};

const underWay = ({ name }: DropSpec): Fault =>
  new Fault({
    operation: 'examine',
    object: name,
    reason: 'somebody else is examining it at this moment',
    hint: 'wait a minute and try again',
    next: 'refuse',
    code: 'busy',
  });

/** With the keys that deliveries trust too; what was learned of a sound drop is kept for them. */
const examineNow = async (ctx: WebContext, spec: DropSpec): Promise<DoctorReport> => {
  const trusted = withTrusted(spec, await trustedKeysOf(ctx.store.read, spec));
  const section = ctx.dropSection(spec.name);
  const options = { section, now: ctx.clock.now(), signal: AbortSignal.timeout(deadlineMs) };
  const report = await examine(trusted, options);
  if (report.ok) await keepLearned(ctx.store, { name: spec.name, place: placeOf(spec) }, {}, report.learned);
  return report;
};

/** Examines a drop while the request waits, one examination of a drop at a time. Fault `busy` (refuse). */
export const examination = (ctx: WebContext) => {
  const running = new Set<string>();
  return async (call: KnownCall, spec: DropSpec): Promise<Response> => {
    if (running.has(spec.name)) throw underWay(spec);
    running.add(spec.name);
    try {
      return await reportPage(call, await examineNow(ctx, spec));
    } finally {
      running.delete(spec.name);
    }
  };
};
