import { KnownError } from '../../lib/errors.ts';
import { OCI_CONFIG, OCI_MANIFEST } from '../../oci/media-type.ts';
import { familiarReference, formatReference, type Reference } from '../../oci/reference.ts';
import type { Descriptor } from '../../store/content/content-store.ts';
import { once } from '../image/pull.ts';
import type { BuildDeps } from './deps.ts';
import { imageDocument } from './image-document.ts';
import { hashOf } from './step-inputs.ts';
import type { BuildWork, StageLayers } from './work.ts';

/** Writes the target's image. The same build gives the same image: one written before is used again. */
export async function writeImage(work: BuildWork, layers: StageLayers, signal: AbortSignal): Promise<Descriptor> {
  const { deps, request, plan, outlook, clampSeconds } = work;
  const target = outlook.stages.get(plan.target);
  if (!target) throw new KnownError('system', 'the target was not planned');
  const { image } = target.stage;
  const fixed = clampSeconds === undefined ? '' : formatSeconds(clampSeconds);
  const key = hashOf(['image', layers.map((layer) => layer.diffId), imageDocument(image, layers, fixed)]);
  const before = request.noCache === 'all' ? undefined : deps.cache.image(key);
  if (before && deps.records.find(before.digest)) return before;
  const created = clampSeconds === undefined ? new Date(deps.now()).toISOString() : fixed;
  const written = await writeManifest(deps, imageDocument(image, layers, created), layers, signal);
  await deps.layers.ensureUnpacked(layers, { signal });
  signal.throwIfAborted();
  deps.records.put(written, [], deps.now());
  deps.cache.keepImage(key, written);
  return written;
}

function formatSeconds(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}

async function writeManifest(
  { content }: Pick<BuildDeps, 'content'>,
  config: object,
  layers: StageLayers,
  signal: AbortSignal,
): Promise<Descriptor> {
  const configBlob = await content.write(once(Buffer.from(JSON.stringify(config))), { signal });
  const manifest = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: { mediaType: OCI_CONFIG, ...configBlob },
    layers: layers.map((layer) => layer.descriptor),
  };
  const blob = await content.write(once(Buffer.from(JSON.stringify(manifest))), { signal });
  return { mediaType: OCI_MANIFEST, ...blob };
}

export function tagImage({ records, events, now }: BuildDeps, image: Descriptor, names: readonly Reference[]): void {
  records.put(image, names.map(formatReference), now());
  for (const reference of names) {
    const name = familiarReference(reference);
    events.publish({ type: 'image', action: 'tag', id: image.digest, attributes: { name } });
  }
}
