import { type ContentDigest, compareTags } from '../name.ts';
import type { Registry } from '../registry.ts';
import { RegistryError } from '../registry-error.ts';
import { cutPage } from '../routes/page.ts';
import type { Referrer } from '../storage/referrers.ts';
import { describeTag, type ImageView, type TagView } from './describe-tag.ts';
import { formatSize, type Html, html } from './html.ts';
import { copied, count, formatTime, nextLink } from './layout.ts';

const PAGE_SIZE = 50;
const MAX_CONFIG_BYTES = 1024 * 1024;

/** The tags of a repository, by pages: how to pull each, and what is in it. Errors: NAME_UNKNOWN. */
export async function listTags(
  registry: Registry,
  host: string,
  name: string,
  last: string | undefined,
): Promise<Html> {
  const tags = new Map((await registry.manifests.tagged(name)).map(({ tag, changedMs }) => [tag, changedMs]));
  const { entries, more } = cutPage([...tags.keys()], { n: PAGE_SIZE, last }, compareTags);
  const readConfig = async (digest: ContentDigest): Promise<Uint8Array | undefined> =>
    await readSmall(registry, name, digest);
  const sections: Html[] = [];
  for (const tag of entries) {
    const view = await describeTag(registry.manifests, readConfig, name, tag);
    if (view === undefined) continue;
    const referrers = await registry.referrers.list(name, view.digest);
    sections.push(showTag(view, `${host}/${name}`, tags.get(tag) ?? 0, referrers));
  }
  const back = html`<p><a href="./">All repositories</a></p>`;
  if (sections.length === 0) return html`${back}<p>No tags.</p>`;
  return html`${back}${sections}${more ? nextLink({ repository: name, last: entries.at(-1) ?? '' }) : ''}`;
}

function showTag(
  { tag, digest, images }: TagView,
  name: string,
  pushedMs: number,
  referrers: readonly Referrer[],
): Html {
  return html`<section id="tag-${tag}"><div class="title"><h2>${tag}</h2><span class="quiet">pushed ${formatTime(pushedMs)}</span></div>
<p>${copied(`${images.some(({ runnable }) => runnable) ? 'docker pull ' : ''}${name}:${tag}`)}</p>
<dl><dt>Digest</dt><dd><code>${digest}</code></dd>${referrers.map(showReferrer)}</dl>
<table><thead><tr><th scope="col">Platform</th><th scope="col">Size</th><th scope="col">Contents</th></tr></thead><tbody>${images.map(showImage)}</tbody></table></section>`;
}

function showReferrer({ artifactType, digest, mediaType }: Referrer): Html {
  return html`<dt>Refers to it</dt><dd>${artifactType ?? mediaType} <code>${digest}</code></dd>`;
}

function showImage(image: ImageView): Html {
  const { title, digest, sizeBytes, layers, createdMs, labels } = image;
  const size = sizeBytes === undefined ? 'not here' : formatSize(sizeBytes);
  return html`<tr><td>${title}</td><td class="size">${size}</td><td><details><summary>${count(layers.length, 'layer')}</summary>
<dl><dt>Digest</dt><dd><code>${digest}</code></dd>${createdMs === undefined ? '' : html`<dt>Created</dt><dd>${formatTime(createdMs)}</dd>`}${labels.map(([label, value]) => html`<dt>${label}</dt><dd>${value}</dd>`)}</dl>
<ol>${layers.map((layer) => html`<li>${formatSize(layer.sizeBytes)} <code>${layer.digest}</code></li>`)}</ol></details></td></tr>`;
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
