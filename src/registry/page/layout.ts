import { type Reply, text } from '../call.ts';
import { type Html, html } from './html.ts';
import { POLICY, STYLE } from './style.ts';

/** `host`: what the registry is called by who looks at it. */
export function layout(host: string, title: string, body: Html): Reply {
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${title} · ${host}</title><style>${{ markup: STYLE }}</style></head>
<body><header><strong><a href="./">${host}</a></strong><span class="quiet">container images</span></header><main><h1>${title}</h1>
${body}</main></body></html>
`;
  return text(200, page.markup, 'text/html; charset=utf-8', {
    'Content-Security-Policy': POLICY,
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cache-Control': 'no-store',
  });
}

/** What is to be copied: one click selects all of it. */
export function copied(command: string): Html {
  return html`<code class="copy" title="a click selects it">${command}</code>`;
}

/** `2026-11-25 22:04 UTC` */
export function formatTime(ms: number): Html {
  const iso = new Date(ms).toISOString();
  return html`<time datetime="${iso}">${iso.slice(0, 16).replace('T', ' ')} UTC</time>`;
}

export function nextLink(query: Readonly<Record<string, string>>): Html {
  return html`<p><a rel="next" href="?${new URLSearchParams(query).toString()}">More</a></p>`;
}

export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
