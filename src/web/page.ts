/** What a person finds at `/`. The console will stand here. */
export const frontPage = (version: string): string => `<!doctype html>
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
