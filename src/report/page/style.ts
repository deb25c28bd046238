// How the page of a report looks: on a screen by day and by night, on a phone, on
// paper. Colours of states have a contrast of at least 4.5 on what they stand on.

export const STYLE = `
:root {
  --page: #f6f6f4; --card: #fff; --well: #f4f5f6; --ink: #1f2429; --quiet: #59616b; --line: #e0e3e7; --link: #0b57b0;
  --done: #1a7340; --waived: #22697a; --wait: #7d5200; --stop: #98440e; --odd: #6a48b3; --bad: #b32424; --wrong: #9c2369; --calm: #59616b;
  --tint: 9%;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0f1216; --card: #171b21; --well: #1e232a; --ink: #e3e7ed; --quiet: #9ba5b1; --line: #2c333c; --link: #86b8ff;
    --done: #5cc98a; --waived: #6cc2d4; --wait: #dfb050; --stop: #ef9d66; --odd: #b9a0f7; --bad: #ff8d87; --wrong: #f28fc6; --calm: #9ba5b1;
    --tint: 15%;
  }
}
.s-Implemented, .v-Pass { --c: var(--done) }
.s-Waived, .v-Waived { --c: var(--waived) }
.s-Pending, .v-Warning { --c: var(--wait) }
.s-Blocked { --c: var(--stop) }
.s-Unknown, .v-Unknown { --c: var(--odd) }
.s-Drifted, .v-Fail { --c: var(--bad) }
.s-Invalid { --c: var(--wrong) }
.s-Suspended, .v-NotApplicable, .v-Note { --c: var(--calm) }

*, ::before, ::after { box-sizing: border-box }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100% }
body {
  margin: 0; background: var(--page); color: var(--ink); overflow-wrap: anywhere;
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
  font-variant-numeric: tabular-nums;
}
.top, main, .bottom { max-width: 68rem; margin: 0 auto; padding: 0 1.5rem }
h1, h2, h3, h4, h5, p, ul, ol, dl, dd, fieldset { margin: 0; padding: 0 }
ul, ol { list-style: none }
h1, h2, h3, h4 { line-height: 1.25; text-wrap: balance; letter-spacing: -.01em }
h1 { font-size: 2rem; letter-spacing: -.02em }
h2 { font-size: 1.35rem; margin: 3rem 0 1rem }
h2.small { font-size: .95rem; margin: 0 0 .75rem }
h3 { font-size: 1rem }
h4 { font-size: 1.1rem }
h5 { font-size: .8rem; font-weight: 600; color: var(--quiet); margin: 1.1rem 0 .2rem }
a { color: var(--link); text-decoration-thickness: 1px; text-underline-offset: .18em }
a:focus-visible, summary:focus-visible, label:focus-within, .scroll:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: 4px }
code, pre { font: .86em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace }
.quiet, .number { color: var(--quiet) }
.quiet { font-size: .9em }
.number { font-weight: 500 }
.clock { color: var(--quiet) }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap }
.sprite { position: absolute }
.icon { width: 1em; height: 1em; flex: none; fill: none; stroke: currentColor; stroke-width: 1.9; stroke-linecap: round; stroke-linejoin: round; vertical-align: -.14em }
.panel, article { background: var(--card); border: 1px solid var(--line); border-radius: 10px }
.panel { padding: 1.25rem 1.4rem }
.to { color: var(--c); font-weight: 600 }

.top { padding-top: 3rem }
.top p { margin-top: .4rem }
.top + main > :first-child h2 { margin-top: 2rem }

.badge, .chip {
  display: inline-flex; align-items: center; gap: .35em; border-radius: 99px; white-space: nowrap;
  color: var(--c); background: color-mix(in srgb, var(--c) var(--tint), var(--card));
}
.badge { font-size: .82rem; font-weight: 600; line-height: 1.3; padding: .2rem .65rem }
.chip { font-size: .85rem; font-weight: 500; padding: .1rem .55rem; text-decoration: none; max-width: 100%; white-space: normal }
.chip:hover { text-decoration: underline }

.bar { display: flex; gap: 2px; height: .55rem; border-radius: 99px; overflow: hidden; background: var(--line) }
.bar i { background: var(--c); min-width: 2px }

.hero .score { font-size: 1.25rem; color: var(--quiet) }
.hero .score b { font-size: 2.6rem; line-height: 1.1; color: var(--ink); letter-spacing: -.02em; margin-inline-end: .1em }
.hero > .bar { height: .8rem; margin: .8rem 0 .9rem }
.states { display: flex; flex-wrap: wrap; gap: .45rem }
.hero h3 { margin-top: 1.5rem; padding-top: 1.25rem; border-top: 1px solid var(--line); font-size: .95rem; font-weight: 600 }
.claims { display: grid; grid-template-columns: repeat(auto-fit, minmax(12rem, 1fr)); gap: .9rem 2rem; margin-top: .6rem }
.claims dt b { font-size: 1.35rem; margin-inline-end: .1em }
.claims dd { display: flex; flex-wrap: wrap; gap: .35rem; margin-top: .25rem }
.unclaimed { margin-top: 1rem }

.attention { display: grid; gap: .6rem }
.attention li { display: grid; grid-template-columns: 7rem 1fr; gap: .2rem 1rem; align-items: start; background: var(--card); border: 1px solid var(--line); border-inline-start: 4px solid var(--c); border-radius: 8px; padding: .75rem 1rem }
.attention .badge { justify-self: start; margin-top: .1rem }
.attention a { font-weight: 600 }

.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(24rem, 100%), 1fr)); gap: 1rem; align-items: start }
.rows { display: grid; gap: .9rem; margin-top: .9rem }
.rows li { display: grid; grid-template-columns: 1fr auto; gap: .3rem 1rem; align-items: baseline }
.rows .bar { grid-column: 1 / -1 }
.rows .count { font-size: .9rem; color: var(--quiet); white-space: nowrap }

.timeline { display: grid; grid-template-columns: repeat(auto-fit, minmax(13.5rem, 1fr)); row-gap: 1.75rem }
.timeline > li { position: relative; padding: 2.1rem 1.4rem 0 0 }
.timeline > li::before { content: ""; position: absolute; inset: .72rem 0 auto 0; border-top: 2px solid var(--line) }
.timeline .stop {
  position: absolute; top: 0; inset-inline-start: 0; width: 1.5rem; height: 1.5rem; display: grid; place-items: center;
  border-radius: 50%; color: var(--c); background: var(--card); border: 2px solid var(--c); font-size: .85rem;
}
.timeline ul { display: grid; gap: .35rem; margin-top: .6rem; font-size: .94rem; line-height: 1.4 }
.timeline ul li { display: flex; gap: .45rem }
.timeline ul .icon { color: var(--c); margin-top: .22em }
.timeline ul a { color: inherit; text-decoration-color: var(--line) }
.timeline ul a:hover { text-decoration-color: currentColor }
.timeline .to { font-size: .82rem; white-space: nowrap }

.filter { border: 0; display: flex; flex-wrap: wrap; gap: .4rem; min-width: 0 }
.filter legend { float: left; margin-inline-end: .6rem; padding: .3rem 0; color: var(--quiet); font-size: .9rem }
.filter label { position: relative; display: inline-flex; align-items: center; gap: .4em; padding: .25rem .75rem; border: 1px solid var(--line); border-radius: 99px; background: var(--card); font-size: .88rem; cursor: pointer }
.filter label .icon { color: var(--c) }
.filter label:has(:checked) { border-color: var(--c, var(--ink)); box-shadow: inset 0 0 0 1px var(--c, var(--ink)); font-weight: 600 }
.filter input { position: absolute; inset: 0; opacity: 0; margin: 0; cursor: pointer }
.group > h3 { margin: 1.9rem 0 .8rem; color: var(--quiet); font-weight: 600 }

article { padding: 1.15rem 1.35rem; margin: .9rem 0; border-inline-start: 4px solid var(--c); scroll-margin-top: 1rem }
article:target { outline: 2px solid var(--link); outline-offset: 2px }
article header { display: flex; flex-wrap: wrap; justify-content: space-between; align-items: start; gap: .4rem 1rem }
article h4 { flex: 1 1 14rem }
article .summary { margin-top: .45rem }
article dl { display: flex; flex-wrap: wrap; gap: .55rem 1.9rem; margin-top: .9rem }
article dt { font-size: .78rem; color: var(--quiet); line-height: 1.3 }
article dd { font-size: .92rem }
.checks > li { padding: .65rem 0; border-top: 1px solid var(--line); font-size: .95rem }
.checks > li > p + p { margin-top: .2rem }
.check .badge { margin-inline-end: .35rem }
.findings { display: grid; gap: .5rem; margin-top: .5rem }
.findings li[class^=v-] { background: var(--well); border-radius: 8px; padding: .6rem .85rem }
.kind { font-size: .82rem; line-height: 1.4; color: var(--quiet) }
.kind .icon, .kind b { color: var(--c) }
.about { font-size: .86rem; color: var(--quiet); margin-top: .15rem }
.fix { margin-top: .45rem; padding-top: .45rem; border-top: 1px solid var(--line) }
.fix b { margin-inline-end: .35em; color: var(--done); font-size: .86rem }

details { margin-top: .9rem }
details + details { margin-top: .35rem }
summary { cursor: pointer; color: var(--link); font-size: .93rem; width: fit-content }
.history { margin-top: .6rem; font-size: .93rem }
.history li { position: relative; display: flex; gap: .7rem; padding-bottom: .7rem }
.history li:not(:last-child)::before { content: ""; position: absolute; inset: 1.5rem auto 0 .47rem; border-inline-start: 2px solid var(--line) }
.history .icon { color: var(--c); margin-top: .28em }
.history div { min-width: 0 }

.prose { font-size: .95rem }
details .prose { margin-top: .6rem; padding-inline-start: 1rem; border-inline-start: 3px solid var(--line) }
.prose > * + * { margin-top: .6rem }
.prose .heading { font-weight: 600 }
.prose ul { list-style: disc; padding-inline-start: 1.3rem }
.prose ol { list-style: decimal; padding-inline-start: 1.5rem }
.prose li + li { margin-top: .15rem }
.prose code { background: var(--well); border-radius: 4px; padding: .1em .3em }
.prose pre { background: var(--well); border-radius: 8px; padding: .8rem 1rem; white-space: pre-wrap }
.prose pre code { padding: 0; background: none }
.prose blockquote { margin: 0; padding-inline-start: 1rem; border-inline-start: 3px solid var(--line); color: var(--quiet) }
.prose hr { border: 0; border-top: 1px solid var(--line) }
.scroll { overflow-x: auto }
.related li + li { margin-top: .25rem }

table { border-collapse: collapse; width: 100%; font-size: .95rem }
th, td { text-align: start; padding: .5rem 1rem .5rem 0; border-bottom: 1px solid var(--line); vertical-align: top }
th { font-size: .82rem; color: var(--quiet); font-weight: 600 }

.bottom { margin-top: 3.5rem; padding-block: 1.75rem 3rem; border-top: 1px solid var(--line); font-size: .9rem }
.bottom > p { margin-top: 1.25rem }
.legend { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(28rem, 100%), 1fr)); gap: .4rem 2rem }
.legend div { display: grid; grid-template-columns: 8rem 1fr; gap: .2rem .6rem }
.legend .icon { color: var(--c); margin-inline-end: .45em }

@media (max-width: 40rem) {
  .top, main, .bottom { padding-inline: 1rem }
  .top { padding-top: 1.75rem }
  h1 { font-size: 1.55rem }
  h2 { margin-top: 2.25rem }
  .panel, article { padding: 1rem }
  .attention li { grid-template-columns: minmax(0, 1fr) }
  .legend div { grid-template-columns: 7.5rem 1fr }
  .timeline { grid-template-columns: 1fr; row-gap: 0 }
  .timeline > li { padding: 0 0 1.4rem 2.4rem }
  .timeline > li::before { inset: 0 auto 0 .7rem; border-top: 0; border-inline-start: 2px solid var(--line) }
  .timeline > li:last-child::before { bottom: auto; height: 1rem }
}
@media print {
  @page { margin: 16mm 15mm; @bottom-right { content: counter(page) " / " counter(pages); font: 8.5pt system-ui, sans-serif; color: #555 } }
  :root {
    --page: #fff; --card: #fff; --well: #f6f6f6; --ink: #000; --quiet: #4a4f55; --line: #cfd3d8; --link: #000;
    --done: #1a7340; --waived: #22697a; --wait: #7d5200; --stop: #98440e; --odd: #6a48b3; --bad: #b32424; --wrong: #9c2369; --calm: #4a4f55;
    --tint: 9%; color-scheme: light;
  }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact }
  html { font-size: 9.2pt }
  h2 { margin-top: 1.8rem }
  article { margin-block: .7rem }
  .top, main, .bottom { max-width: none; padding-inline: 0 }
  .top { padding-top: 0 }
  a { text-decoration: none }
  .filter { display: none }
  h2, h3, h4, h5, summary, article header, article > .summary, article > dl, .check, .kind { break-after: avoid }
  .attention li, .rows li, .timeline > li, .findings li, .history li, .legend div, tr, .panel, dl { break-inside: avoid }
  details::details-content { content-visibility: visible; block-size: auto }
  summary { list-style: none; color: var(--quiet); font-weight: 600 }
  p, li { orphans: 3; widows: 3 }
}
`;
