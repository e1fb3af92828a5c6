import type { AlertLine } from '../watch/alert-line.ts';
import { moment, printable } from './output.ts';

const toldText = ({ channel, openedTold, endedTold, error }: AlertLine['told'][number]): string => {
  const trouble = error === null ? '' : ` (last try: ${error})`;
  if (endedTold !== null) return `${channel}: told, and of the end at ${moment(endedTold)}`;
  if (openedTold !== null) return `${channel}: told at ${moment(openedTold)}${trouble}`;
  return `${channel}: not told yet${trouble}`;
};

const alertText = ({ id, kind, subject, text, hint, openedAt, endedAt, told }: AlertLine): string =>
  [
    `${id}  ${kind}  ${subject}`,
    `since ${moment(openedAt)}${endedAt === null ? '' : `, ended ${moment(endedAt)}`}`,
    text,
    `What to do: ${hint}`,
    ...(told.length === 0
      ? ['nobody was told: no channel is configured (alerts in nightdrop.yaml)']
      : told.map(toldText)),
  ]
    .map(printable)
    .join('\n    ');

/** Alerts one after another, each with what to do and who was told. */
export const alertsText = (lines: readonly AlertLine[]): string =>
  lines.length === 0 ? 'No alert.' : lines.map(alertText).join('\n\n');
