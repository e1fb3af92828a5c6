/** The style of the console. Colours are named for what they say; every status also has a word and a mark. */
export const consoleStyle = `
:root { color-scheme: light dark; --ground: #fff; --panel: #f5f7f9; --line: #d5dbe1; --text: #1a1f26; --quiet: #4f5b68;
  --link: #0a58a8; --good: #176b34; --busy: #0a58a8; --warn: #8a5300; --bad: #b3261e; --badground: #fdecea; --warnground: #fff4e0; --goodground: #e8f5ec; --busyground: #e7f0fa; }
@media (prefers-color-scheme: dark) { :root { --ground: #14181d; --panel: #1c2229; --line: #38424d; --text: #e8ecf0; --quiet: #a9b5c1;
  --link: #86bcf5; --good: #7ed49a; --busy: #86bcf5; --warn: #f0b860; --bad: #ff9d94; --badground: #3a1f1d; --warnground: #362a14; --goodground: #17301f; --busyground: #182c42; } }
* { box-sizing: border-box; }
body { margin: 0; font: 15px/1.5 system-ui, sans-serif; color: var(--text); background: var(--ground); }
a { color: var(--link); }
a:hover { text-decoration-thickness: 2px; }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; border-radius: 2px; }
.skip { position: absolute; left: -99rem; } .skip:focus { left: 1rem; top: .5rem; background: var(--ground); padding: .5rem; z-index: 1; }
header.top { display: flex; flex-wrap: wrap; gap: .3rem 1.4rem; align-items: baseline; padding: .6rem 1.2rem; border-bottom: 1px solid var(--line); background: var(--panel); }
header.top .brand { font-weight: 700; color: var(--text); text-decoration: none; letter-spacing: .01em; }
header.top nav ul { display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; list-style: none; margin: 0; padding: 0; }
header.top nav a { text-decoration: none; padding: .15rem 0; } header.top nav a[aria-current] { color: var(--text); font-weight: 600; border-bottom: 2px solid var(--link); }
header.top .who { margin-left: auto; color: var(--quiet); display: flex; gap: .8rem; align-items: baseline; }
main { padding: 1rem 1.2rem 3rem; max-width: 96rem; margin: 0 auto; }
h1 { font-size: 1.45rem; margin: .3rem 0 .8rem; line-height: 1.25; overflow-wrap: anywhere; } h2 { font-size: 1.1rem; margin: 1.6rem 0 .5rem; }
.crumb { margin: 0; color: var(--quiet); }
.quiet { color: var(--quiet); } .nowrap { white-space: nowrap; } .num { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
code, .mono { font-family: ui-monospace, "SF Mono", Menlo, Consolas, monospace; font-size: .92em; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: 6px; }
table { border-collapse: collapse; width: 100%; font-size: .93rem; } caption { text-align: left; padding: .45rem .7rem; color: var(--quiet); }
th { text-align: left; font-weight: 600; color: var(--quiet); background: var(--panel); vertical-align: bottom; }
th.num { text-align: right; white-space: normal; }
th, td { padding: .38rem .55rem; border-bottom: 1px solid var(--line); vertical-align: top; } tbody tr:last-child td { border-bottom: 0; }
tbody tr:hover { background: var(--panel); } tr[data-row]:focus-within { background: var(--panel); }
td.file { max-width: 22rem; overflow-wrap: break-word; min-width: 9rem; } td.address { overflow-wrap: anywhere; min-width: 8.4rem; max-width: 20rem; }
.status { display: inline-block; white-space: nowrap; font-weight: 600; padding: 0 .5em; border-radius: 4px; }
.status::before { content: attr(data-mark); margin-right: .4em; }
.status.good { color: var(--good); background: var(--goodground); } .status.busy { color: var(--busy); background: var(--busyground); }
.status.warn { color: var(--warn); background: var(--warnground); } .status.bad { color: var(--bad); background: var(--badground); }
.status.none { color: var(--quiet); background: var(--panel); }
.panel { border: 1px solid var(--line); border-radius: 6px; padding: .7rem 1rem; background: var(--panel); margin: .6rem 0; }
.panel.bad { border-color: var(--bad); background: var(--badground); } .panel.good { border-color: var(--good); background: var(--goodground); } .panel.warn { border-color: var(--warn); background: var(--warnground); }
.panel p { margin: .25rem 0; } .panel > p > .status { padding-left: 0; }
ul.needs { list-style: none; margin: 0; padding: 0; display: grid; gap: .5rem; }
dl.facts { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.2rem; margin: 0; } dl.facts dt { color: var(--quiet); } dl.facts dd { margin: 0; overflow-wrap: anywhere; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(19rem, 1fr)); gap: .8rem; } .card { border: 1px solid var(--line); border-radius: 6px; padding: .7rem .9rem; }
.card h3 { margin: 0 0 .2rem; font-size: 1rem; } .card p { margin: .15rem 0; } svg.bars { display: block; width: 100%; height: 3rem; margin: .4rem 0; } svg.bars rect { fill: var(--link); } svg.bars rect.empty { fill: var(--line); }
form.filter { display: flex; flex-wrap: wrap; gap: .5rem .8rem; align-items: end; margin: 0 0 .9rem; } form.inline { display: inline; }
form.stack { display: grid; gap: .8rem; max-width: 44rem; } label { display: grid; gap: .15rem; color: var(--quiet); } label.tick { display: flex; gap: .5rem; align-items: center; color: var(--text); }
input, select, button, textarea { font: inherit; color: var(--text); background: var(--ground); border: 1px solid var(--quiet); border-radius: 5px; padding: .3rem .55rem; max-width: 100%; }
fieldset { border: 1px solid var(--line); border-radius: 5px; margin: 0; padding: .3rem .8rem; display: flex; flex-wrap: wrap; gap: .2rem 1rem; } legend { color: var(--quiet); padding: 0 .3rem; }
button { cursor: pointer; background: var(--panel); } button.main { background: var(--link); border-color: var(--link); color: var(--ground); font-weight: 600; } button.link { border: 0; background: none; color: var(--link); text-decoration: underline; padding: 0; }
button:disabled { opacity: .55; cursor: not-allowed; }
.actions { display: flex; flex-wrap: wrap; gap: .6rem; align-items: end; margin: .8rem 0; } .actions > form { display: flex; flex-wrap: wrap; gap: .5rem; align-items: end; margin: 0; } .actions a { border: 1px solid var(--line); border-radius: 5px; padding: .3rem .55rem; background: var(--panel); text-decoration: none; } .actions a:hover { text-decoration: underline; }
.actions > .quiet { align-self: center; } .pages { display: flex; gap: 1rem; margin: .8rem 0; }
ul.plain { list-style: none; margin: 0 0 .8rem; padding: 0; display: grid; gap: .4rem; } ul.plain li { display: flex; flex-wrap: wrap; gap: .2rem .7rem; align-items: baseline; }
pre { overflow-x: auto; border: 1px solid var(--line); border-radius: 6px; background: var(--panel); padding: .7rem 1rem; margin: .6rem 0; }
.counts { display: flex; flex-wrap: wrap; gap: .35rem .9rem; list-style: none; margin: 0 0 .6rem; padding: 0; }
dialog { border: 1px solid var(--line); border-radius: 8px; color: var(--text); background: var(--ground); } kbd { border: 1px solid var(--line); border-radius: 3px; padding: 0 .3em; font-size: .9em; }
@media (max-width: 42rem) { header.top { padding: .5rem .8rem; } main { padding: .7rem .8rem 2rem; } header.top .who { margin-left: 0; width: 100%; }
  main .nowrap { white-space: normal; overflow-wrap: anywhere; } table.cards-when-narrow thead { position: absolute; left: -99rem; } table.cards-when-narrow tr { display: block; padding: .5rem .7rem; border-bottom: 1px solid var(--line); }
  table.cards-when-narrow td { display: grid; grid-template-columns: 6.5rem 1fr; gap: .6rem; border: 0; padding: .12rem 0; text-align: left; max-width: none; white-space: normal; } table.cards-when-narrow td::before { content: attr(data-label); color: var(--quiet); } table.cards-when-narrow td > * { justify-self: start; min-width: 0; overflow-wrap: anywhere; } table.cards-when-narrow td:has(> span:empty) { display: none; } }
@media print { header.top, form, .actions { display: none; } }
`;
