import { createHash } from 'node:crypto';
import { type Call, type Reply, text } from '../call.ts';
import { type ContentDigest, compareTags, parseRepositoryName } from '../name.ts';
import type { Registry } from '../registry.ts';
import { RegistryError } from '../registry-error.ts';
import { cutPage } from '../routes/page.ts';
import type { Match } from '../routes/route.ts';
import { describeTag, type TagView } from './describe-tag.ts';
import { formatSize, type Html, html } from './html.ts';

export interface PageDeps {
  readonly registry: Registry;
  /** http.host, else what the browser calls this server. */
  readonly host: string | undefined;
  readonly nameLength: number;
}

const PAGE_SIZE = 50;
const MAX_CONFIG_BYTES = 1024 * 1024;

/** `/` for browsers: repositories; with `?repository=NAME`, its tags, platforms, sizes, layers and the command that pulls. */
export function createPage(deps: PageDeps): (method: string, path: string) => Match | undefined {
  return (method, path) => {
    if (path !== '/' || (method !== 'GET' && method !== 'HEAD')) return undefined;
    return { route: 'page', access: { kind: 'catalog' }, writes: false, run: async (call) => await show(deps, call) };
  };
}

async function show(deps: PageDeps, call: Call): Promise<Reply> {
  const repository = call.query.get('repository');
  const last = call.query.get('last') ?? undefined;
  if (repository === null) return reply('Repositories', await listRepositories(deps, last));
  const name = parseRepositoryName(repository, deps.nameLength);
  if (!(await call.may({ kind: 'repository', name, actions: ['pull'] })))
    throw new RegistryError('DENIED', 'requested access to the resource is denied');
  return reply(name, await listTags(deps, call, name, last));
}

async function listRepositories({ registry }: PageDeps, last: string | undefined): Promise<Html> {
  const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  const { entries, more } = cutPage(await registry.manifests.repositories(), { n: PAGE_SIZE, last }, compare);
  const rows = entries.map(
    (name) => html`<li><a href="?${new URLSearchParams({ repository: name }).toString()}">${name}</a></li>`,
  );
  if (rows.length === 0) return html`<p>Nothing has been pushed yet.</p>`;
  return html`<ul>${rows}</ul>${more ? nextLink({ last: entries.at(-1) ?? '' }) : ''}`;
}

async function listTags(
  { registry, host }: PageDeps,
  call: Call,
  name: string,
  last: string | undefined,
): Promise<Html> {
  const { entries, more } = cutPage(await registry.manifests.tags(name), { n: PAGE_SIZE, last }, compareTags);
  const server = host?.replace(/^https?:\/\//, '') ?? call.headers.get('host') ?? 'localhost';
  const readConfig = async (digest: ContentDigest): Promise<Uint8Array | undefined> =>
    await readSmall(registry, name, digest);
  const views: Html[] = [];
  for (const tag of entries) {
    const view = await describeTag(registry.manifests, readConfig, name, tag);
    if (view) views.push(showTag(view, `${server}/${name}`));
  }
  const back = html`<p><a href="./">All repositories</a></p>`;
  if (views.length === 0) return html`${back}<p>No tags.</p>`;
  return html`${back}${views}${more ? nextLink({ repository: name, last: entries.at(-1) ?? '' }) : ''}`;
}

function showTag({ tag, digest, images }: TagView, name: string): Html {
  const rows = images.map(
    ({
      title,
      digest: own,
      sizeBytes,
      layers,
    }) => html`<tr><td>${title}</td><td>${sizeBytes === undefined ? 'not here' : formatSize(sizeBytes)}</td><td><code>${own}</code></td>
<td><details><summary>${layers.length}</summary><ol>${layers.map((layer) => html`<li><code>${layer.digest}</code> ${formatSize(layer.sizeBytes)}</li>`)}</ol></details></td></tr>`,
  );
  return html`<section id="tag-${tag}"><h2>${tag}</h2>
<p><code class="pull">docker pull ${name}:${tag}</code></p><p><code>${digest}</code></p>
<table><thead><tr><th>Platform</th><th>Size</th><th>Digest</th><th>Layers</th></tr></thead><tbody>${rows}</tbody></table></section>`;
}

function nextLink(query: Record<string, string>): Html {
  return html`<p><a rel="next" href="?${new URLSearchParams(query).toString()}">More</a></p>`;
}

async function readSmall(
  { blobs }: Registry,
  repository: string,
  digest: ContentDigest,
): Promise<Uint8Array | undefined> {
  try {
    const size = await blobs.size(repository, digest);
    if (size > MAX_CONFIG_BYTES) return undefined;
    return Buffer.concat(await Array.fromAsync(blobs.stream(digest, { start: 0, end: size })));
  } catch (error) {
    if (error instanceof RegistryError) return undefined;
    throw error;
  }
}

const STYLE = `:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.3rem .8rem .3rem 0;border-bottom:1px solid #8884}
code{font:14px/1.4 ui-monospace,monospace;overflow-wrap:anywhere}code.pull{user-select:all;padding:.3rem .6rem;border:1px solid #8888;border-radius:4px}
h2{margin:2rem 0 .3rem}ol{margin:0}`;
/** Nothing may be loaded or run; only this style counts. */
const POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

function reply(title: string, body: Html): Reply {
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title><style>${{ markup: STYLE }}</style></head>
<body><h1>${title}</h1>${body}</body></html>
`;
  return text(200, page.markup, 'text/html; charset=utf-8', {
    'Content-Security-Policy': POLICY,
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cache-Control': 'no-store',
  });
}
