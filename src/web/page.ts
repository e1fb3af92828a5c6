import type { AlertLine } from '../watch/alert-line.ts';

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Names and errors come from outside. */
const escaped = (text: string): string => text.replace(/[&<>"']/g, (found) => entities[found] ?? found);

const alertItem = ({ subject, text, hint, openedAt }: AlertLine): string =>
  `<li><strong>${escaped(subject)}</strong> since <time datetime="${openedAt}">${openedAt.slice(0, 16).replace('T', ' ')} UTC</time><br>
${escaped(text)}<br>
What to do: ${escaped(hint)}</li>`;

/** What needs a person comes first. */
const alertSection = (alerts: readonly AlertLine[]): string =>
  alerts.length === 0
    ? '<p>Nothing needs a person: no alert is open.</p>'
    : `<h2>${alerts.length} open ${alerts.length === 1 ? 'alert' : 'alerts'}</h2>\n<ul>\n${alerts.map(alertItem).join('\n')}\n</ul>`;

/** What a person finds at `/`. The console will stand here. */
export const frontPage = (version: string, alerts: readonly AlertLine[]): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Nightdrop</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 38rem; margin: 4rem auto; padding: 0 1rem; color: #1b1f24; background: #fff; }
code { background: #eef1f4; padding: 0 .3em; border-radius: 3px; }
a { color: #0b57a4; }
</style>
</head>
<body>
<main>
<h1>Nightdrop</h1>
${alertSection(alerts)}
<p>A scheduled batch file exchange: every night a file with only the new transactions, frozen once, on the partner's own
drop. This is version ${version}; it is running.</p>
<ul>
<li><a href="/healthz">/healthz</a>: the process lives</li>
<li><a href="/readyz">/readyz</a>: database, spool and scheduler work</li>
<li><a href="/metrics">/metrics</a>: figures for Prometheus</li>
</ul>
<p>On the command line: <code>npx nightdrop --help</code></p>
</main>
</body>
</html>
`;
