import { html } from 'hono/html';
import { type DoctorReport, type DoctorStep, type Result, titles } from '../../drop/doctor/report.ts';
import type { DropSpec } from '../../drop/drop.ts';
import type { WebContext } from '../context.ts';
import { examineNow } from '../examination.ts';
import type { Html } from '../page.ts';
import type { KnownCall } from '../route.ts';
import { badge, cell, type Column, type Mood, table } from './cells.ts';
import { consolePage, ownForm } from './frame.ts';

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

/** Examines a drop while the request waits, one examination of a drop at a time. Fault `busy` (refuse). */
export const examination =
  (ctx: WebContext) =>
  async (call: KnownCall, spec: DropSpec): Promise<Response> =>
    reportPage(call, await examineNow(ctx, spec));
