import { titles, type DoctorReport, type DoctorStep } from '../drop/doctor/report.ts';
import { plural, printable } from './output.ts';

const widest = Math.max(...Object.values(titles).map(({ length }) => length));

const milliseconds = (ms: number): string => (ms < 10_000 ? `${ms} ms` : `${Math.round(ms / 1000)} s`);

/** One step in a line; what is wrong and what to do below it. */
export const stepText = ({ step, result, detail, cause, hint, ms }: DoctorStep): string => {
  const took = result === 'not tried' ? '' : milliseconds(ms);
  const line =
    `${result.padEnd(9)}  ${titles[step].padEnd(widest)}  ${took.padStart(8)}  ${printable(detail)}`.trimEnd();
  const below = [cause, hint].flatMap((text) => (text === null ? [] : [`             ${printable(text)}`]));
  return [line, ...below].join('\n');
};

/** What is said when all steps are over: the verdict, and the section to paste. */
export const verdictText = ({ drop, ok, steps, block }: DoctorReport): string => {
  const failed = steps.filter(({ result }) => result === 'failed').length;
  const notes = steps.filter(({ result }) => result === 'note').length;
  const counted = failed > 0 ? `${plural(failed, 'step')} failed` : notes > 0 ? `${plural(notes, 'note')}` : '';
  const verdict = ok
    ? `${drop} is fit for deliveries${notes > 0 ? `, with ${counted}` : ''}.`
    : `${drop} is not fit for deliveries: ${counted || 'it was told to stop'}.`;
  const intro = ok ? 'Its section, with what was found:' : 'Its section, with what was found so far:';
  return ['', verdict, '', intro, '', block].join('\n');
};
