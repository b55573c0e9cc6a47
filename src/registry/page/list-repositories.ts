import { cutPage } from '../routes/page.ts';
import type { Manifests } from '../storage/manifests.ts';
import { type Html, html } from './html.ts';
import { copied, count, formatTime, nextLink } from './layout.ts';

export interface ListQuery {
  /** Part of a name; empty: all. */
  readonly search: string;
  readonly last: string | undefined;
}

const PAGE_SIZE = 50;
/** So many repositories need no search field. */
const FEW = 8;

/** All repositories, or those whose names hold a text, by pages. */
export async function listRepositories(manifests: Manifests, host: string, query: ListQuery): Promise<Html> {
  const all = await manifests.repositories();
  if (all.length === 0) return welcome(host);
  const found = all.filter((name) => name.includes(query.search.toLowerCase()));
  const { entries, more } = cutPage(found, { n: PAGE_SIZE, last: query.last }, compare);
  const rows = await Promise.all(entries.map(async (name) => await showRow(manifests, name)));
  const next = { ...(query.search === '' ? {} : { search: query.search }), last: entries.at(-1) ?? '' };
  return html`${all.length > FEW || query.search !== '' ? searchField(query.search) : ''}
${rows.length === 0 ? html`<p>No repository has that in its name.</p>` : html`<ul class="names">${rows}</ul>`}${more ? nextLink(next) : ''}`;
}

async function showRow(manifests: Manifests, name: string): Promise<Html> {
  const tags = await manifests.tagged(name);
  const latest = tags.reduce((most, { changedMs }) => Math.max(most, changedMs), 0);
  const note = tags.length === 0 ? 'no tags' : html`${count(tags.length, 'tag')}, pushed ${formatTime(latest)}`;
  return html`<li><a href="?${new URLSearchParams({ repository: name }).toString()}">${name}</a><span class="quiet">${note}</span></li>`;
}

function searchField(search: string): Html {
  return html`<form role="search"><input type="search" name="search" value="${search}" placeholder="Part of a name" aria-label="Part of a name"></form>`;
}

function welcome(host: string): Html {
  return html`<p>Nothing has been pushed yet. To push an image:</p>
<p>${copied(`docker tag app ${host}/app:latest`)}</p><p>${copied(`docker push ${host}/app:latest`)}</p>`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
