import { createHash } from 'node:crypto';

/** Light and dark as the browser wants it; no fonts, images or scripts from anywhere. */
export const STYLE = `:root{color-scheme:light dark;--ground:#fff;--card:#f6f7f9;--line:#d9dde3;--text:#1b1f24;--quiet:#5b6470;--link:#0b57c2}
@media(prefers-color-scheme:dark){:root{--ground:#14171b;--card:#1c2026;--line:#343b45;--text:#e6e9ed;--quiet:#a0a9b5;--link:#7fb4ff}}
*{box-sizing:border-box}
body{font:16px/1.5 system-ui,sans-serif;color:var(--text);background:var(--ground);max-width:64rem;margin:0 auto;padding:1rem 1rem 4rem}
a{color:var(--link);text-decoration:none}a:hover,a:focus-visible{text-decoration:underline}
header{display:flex;flex-wrap:wrap;gap:.5rem 1rem;align-items:baseline;justify-content:space-between;border-bottom:1px solid var(--line);padding-bottom:.75rem}
header strong,h1,h2,td,.names a{overflow-wrap:anywhere}
h1{font-size:1.75rem;line-height:1.25;margin:1.5rem 0 1rem}h2{font-size:1.2rem;margin:0}
p,dl,ol,ul{margin:.5rem 0}
.quiet,dt,th{color:var(--quiet)}.quiet,dl,table{font-size:.9rem}
code{font:.875rem/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;overflow-wrap:anywhere}
.copy{display:block;padding:.5rem .75rem;background:var(--ground);border:1px solid var(--line);border-radius:6px;user-select:all;-webkit-user-select:all;cursor:copy}
.names{list-style:none;padding:0}.names li{display:flex;flex-wrap:wrap;gap:0 1rem;justify-content:space-between;align-items:baseline;padding:.6rem 0;border-bottom:1px solid var(--line)}
section{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:1rem;margin:0 0 1rem}
.title{display:flex;flex-wrap:wrap;gap:0 1rem;justify-content:space-between;align-items:baseline}
table{border-collapse:collapse;width:100%;margin-top:.75rem}th,td{text-align:left;vertical-align:top;padding:.4rem .75rem .4rem 0;border-top:1px solid var(--line)}th{font-weight:500;width:11rem}th+th{width:5rem}th+th+th{width:auto}
td.size{white-space:nowrap;overflow-wrap:normal}summary{cursor:pointer}ol{padding-left:1.5rem}
dl{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:.15rem .75rem}dd{margin:0;overflow-wrap:anywhere}
input{font:inherit;color:inherit;background:var(--ground);border:1px solid var(--line);border-radius:6px;padding:.35rem .6rem;width:100%;max-width:22rem}
@media(max-width:40rem){thead{position:absolute;clip-path:inset(50%)}tr,td{display:block;border:0;padding:.1rem 0}tr{border-top:1px solid var(--line);padding:.5rem 0}dl{grid-template-columns:minmax(0,1fr)}}`;

/** Nothing may be loaded or run; only this style counts, and forms lead back here. */
export const POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'`;
