import { KnownError } from '../../lib/errors.ts';
import type { Digest } from '../../oci/digest.ts';
import { documentTypes } from '../../oci/layer-format.ts';
import type { Platform } from '../../oci/platform.ts';
import type { Descriptor } from '../../store/content/content-store.ts';
import { hasAll } from '../image/catalog.ts';
import { once } from '../image/pull.ts';
import { convertLayers } from './convert-layers.ts';
import type { BuildDeps } from './deps.ts';
import { imageDocument } from './image-document.ts';
import type { ImageFormat } from './request.ts';
import { hashOf } from './step-inputs.ts';
import { type BuildWork, layersOf, type PlatformResult, type StageLayers } from './work.ts';

/** The image of one platform, written. */
export interface PlatformImage {
  readonly platform: Platform;
  readonly descriptor: Descriptor;
  readonly config: Digest;
  readonly layers: StageLayers;
}

export interface ImageExtras {
  /** Annotations of the manifest. */
  readonly annotations: Readonly<Record<string, string>>;
  /** Fields that the image's document has besides its own. */
  readonly fields: object;
  readonly format: ImageFormat | undefined;
}

/** Writes the target's image; no name leads to it yet. The same build gives the same image: one written before is used again. */
export async function writeImage(
  { work, layers }: PlatformResult,
  { annotations, fields, format }: ImageExtras,
  signal: AbortSignal,
): Promise<PlatformImage> {
  const { deps, request, plan, outlook, clampSeconds } = work;
  const target = outlook.stages.get(plan.target);
  if (!target) throw new KnownError('system', 'the target was not planned');
  const { image } = target.stage;
  const documentAt = (created: string): object => ({ ...imageDocument(image, layers, created), ...fields });
  const fixed = clampSeconds === undefined ? '' : formatSeconds(clampSeconds);
  const key = hashOf([
    'image',
    layers.map((layer) => layer.diffId),
    documentAt(fixed),
    ...(Object.keys(annotations).length > 0 ? [annotations] : []),
    ...(format ? [{ format }] : []),
  ]);
  const before = request.noCache === 'all' ? undefined : deps.cache.image(key);
  const config = before && (await configOf(deps, before));
  if (before && config) return { platform: image.platform, descriptor: before, config, layers };
  const created = clampSeconds === undefined ? new Date(deps.now()).toISOString() : fixed;
  const descriptors = format
    ? await convertLayers(deps, layers, { format, baseCount: countBaseLayers(work) }, signal)
    : layers.map(({ descriptor }) => descriptor);
  const manifest = { document: documentAt(created), layers: descriptors, annotations, isOci: format?.ociTypes ?? true };
  const written = await writeManifest(deps, manifest, signal);
  deps.cache.keepImage(key, written.descriptor);
  return { platform: image.platform, ...written, layers };
}

/** Layers of the image that the target's first stage stands on. */
function countBaseLayers(work: Pick<BuildWork, 'bases' | 'done' | 'outlook' | 'plan'>): number {
  let stage = work.outlook.stages.get(work.plan.target)?.stage;
  while (stage?.base.kind === 'stage') stage = work.outlook.stages.get(stage.base.index)?.stage;
  return stage === undefined ? 0 : layersOf(work, stage.base).length;
}

/** The digest of an image's document; undefined when not all of the image is here any more. */
async function configOf({ content, catalog }: BuildDeps, descriptor: Descriptor): Promise<Digest | undefined> {
  if (!(await content.has(descriptor.digest, descriptor.size))) return undefined;
  const manifest = await catalog.read(descriptor);
  if (manifest?.kind !== 'manifest') return undefined;
  return (await hasAll(content, [manifest.config, ...manifest.layers])) ? manifest.config.digest : undefined;
}

function formatSeconds(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}

async function writeManifest(
  { content }: Pick<BuildDeps, 'content'>,
  {
    document,
    layers,
    annotations,
    isOci,
  }: Pick<ImageExtras, 'annotations'> & {
    readonly document: object;
    readonly layers: readonly Descriptor[];
    readonly isOci: boolean;
  },
  signal: AbortSignal,
): Promise<Pick<PlatformImage, 'descriptor' | 'config'>> {
  const types = documentTypes(isOci);
  const config = await writeJson(content, document, signal);
  const manifest = {
    schemaVersion: 2,
    mediaType: types.manifest,
    config: { mediaType: types.config, ...config },
    layers,
    ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
  };
  const blob = await writeJson(content, manifest, signal);
  return { descriptor: { mediaType: types.manifest, ...blob }, config: config.digest };
}

/** A JSON document as a blob. */
export async function writeJson(
  content: Pick<BuildDeps['content'], 'write'>,
  value: object,
  signal: AbortSignal,
): Promise<Pick<Descriptor, 'digest' | 'size'>> {
  return await content.write(once(Buffer.from(JSON.stringify(value))), { signal });
}
