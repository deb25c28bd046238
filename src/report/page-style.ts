// How the page of a report looks: on a screen by day and by night, on a phone, on paper.

export const STYLE = `
:root{--ink:#1b1f24;--quiet:#57606a;--page:#f6f7f9;--card:#fff;--line:#d8dee4;--link:#0a58ca;
--good:#1a7f37;--bad:#c4232b;--wait:#9a6700;--odd:#7d4cc2;--calm:#57606a}
@media (prefers-color-scheme:dark){:root{--ink:#e6edf3;--quiet:#9da7b3;--page:#0d1117;--card:#161b22;--line:#30363d;--link:#79b8ff;
--good:#3fb950;--bad:#ff7b72;--wait:#d9a520;--odd:#bc8cff;--calm:#9da7b3}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif;overflow-wrap:anywhere}
header,main{max-width:62rem;margin:0 auto;padding:0 1.25rem}
header{padding-top:2rem}
h1{font-size:1.9rem;line-height:1.2;margin:0 0 .25rem}
h2{font-size:1.3rem;margin:2.25rem 0 .75rem;padding-bottom:.3rem;border-bottom:1px solid var(--line)}
h3{font-size:1.05rem;margin:1.5rem 0 .6rem}
h4{font-size:1.05rem;margin:0 0 .4rem}
h5{font-size:.85rem;margin:.9rem 0 .3rem;color:var(--quiet)}
p{margin:.3rem 0}
a{color:var(--link)}
ul,ol{margin:0;padding:0;list-style:none}
.quiet,.number{color:var(--quiet)}
.quiet{font-size:.9em}
.lead{font-size:1.05rem}
.s-Implemented,.v-Pass{--c:var(--good)}.s-Drifted,.s-Invalid,.v-Fail{--c:var(--bad)}
.s-Pending,.s-Blocked{--c:var(--wait)}.s-Unknown,.v-Unknown{--c:var(--odd)}
.s-Waived,.s-Suspended,.v-Waived,.v-NotApplicable{--c:var(--calm)}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(8.5rem,1fr));gap:.75rem;margin-top:1rem}
.tile{background:var(--card);border:1px solid var(--line);border-left:4px solid var(--c);border-radius:8px;padding:.6rem .9rem}
.tile b{display:block;font-size:1.7rem;line-height:1.2;color:var(--c)}
.row{display:grid;grid-template-columns:minmax(9rem,19rem) 1fr 6.5rem;gap:.9rem;align-items:center;margin:.45rem 0}
.bar{display:flex;gap:2px;height:.8rem;border-radius:99px;overflow:hidden;background:var(--line)}
.bar i{background:var(--c)}
.count{font-size:.9rem;color:var(--quiet);text-align:right}
.badge{display:inline-block;font-size:.78rem;font-weight:600;line-height:1.4;color:var(--c);border:1px solid var(--c);border-radius:99px;padding:0 .5rem;white-space:nowrap}
.timeline{border-left:2px solid var(--line);margin-left:.4rem;padding-left:1.2rem}
.timeline>li{position:relative;margin-bottom:1.1rem}
.timeline>li::before{content:"";position:absolute;left:-1.65rem;top:.4rem;width:.75rem;height:.75rem;border-radius:50%;background:var(--page);border:3px solid var(--link)}
.stop{display:flex;gap:.7rem;align-items:baseline;flex-wrap:wrap}
.stop h3{margin:0}
.timeline ul li{padding:.12rem 0}
article{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:1rem 1.1rem;margin:.75rem 0}
article:target{outline:2px solid var(--link)}
dl{display:flex;flex-wrap:wrap;gap:.3rem 1.4rem;margin:.6rem 0}
dt{font-size:.78rem;color:var(--quiet)}
dd{margin:0;font-size:.92rem}
.checks>li{border-top:1px solid var(--line);padding:.45rem 0;font-size:.95rem}
.findings{margin:.3rem 0 .2rem;padding-left:.8rem;border-left:2px solid var(--line)}
.findings li{margin:.3rem 0}
details{margin-top:.6rem}
summary{cursor:pointer;color:var(--link);font-size:.95rem}
.history li{font-size:.92rem;margin:.3rem 0}
pre{white-space:pre-wrap;font:.85rem/1.5 ui-monospace,SFMono-Regular,Menlo,monospace;background:var(--page);border:1px solid var(--line);border-radius:6px;padding:.8rem;margin:.5rem 0}
table{border-collapse:collapse;width:100%;font-size:.95rem;margin-bottom:3rem}
th,td{text-align:left;padding:.35rem .6rem .35rem 0;border-bottom:1px solid var(--line);vertical-align:top}
td:first-child{white-space:nowrap}
@media (max-width:40rem){.row{grid-template-columns:1fr auto}.row .bar{grid-column:1/-1;grid-row:2}h1{font-size:1.5rem}.tiles{grid-template-columns:1fr 1fr}}
@media print{:root{--page:#fff;--card:#fff;--ink:#000;--quiet:#444;--line:#bbb;--link:#000;--good:#1a7f37;--bad:#c4232b;--wait:#7a5200;--odd:#6a3fb0;--calm:#444}
body{font-size:10.5pt}article,.row,.timeline>li,tr{break-inside:avoid}h2,h3{break-after:avoid}
details::details-content{content-visibility:visible;block-size:auto}a{text-decoration:none}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
`;
