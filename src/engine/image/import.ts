import { createHash } from 'node:crypto';
import type { DiffId } from '../../oci/digest.ts';
import { OCI_CONFIG, OCI_LAYER, OCI_MANIFEST } from '../../oci/media-type.ts';
import type { Platform } from '../../oci/platform.ts';
import { parsePlatform } from '../../oci/platform.ts';
import { formatReference, parseReference, withDefaultTag } from '../../oci/reference.ts';
import type { Descriptor } from '../../store/content/content-store.ts';
import type { ConfigFields } from './changes.ts';
import { applyChanges } from './changes.ts';
import type { ImageServiceDeps } from './deps.ts';
import { invalidArchive } from './errors.ts';
import { hashing } from './hashing.ts';
import { layerSuffix } from './layer-type.ts';
import { once } from './pull.ts';
import type { ImageService } from './service.ts';

export type ImportRequest = Parameters<ImageService['importTar']>[1];

/**
 * Makes a one-layer image of a tar. A gzip or zstd archive is kept as it came; a plain one is packed, other compression is undone,
 * since layers may not have it. Returns the image's id. Errors: invalid_parameter.
 */
export async function importTar(
  deps: ImageServiceDeps,
  archive: AsyncIterable<Uint8Array>,
  request: ImportRequest,
  signal: AbortSignal,
): Promise<string> {
  const { names, config, platform } = prepareImport(deps, request);
  try {
    using _lease = await deps.collector.lease();
    const layer = await writeLayer(deps, archive, signal);
    const created = new Date(deps.now()).toISOString();
    const comment = request.message || 'Imported from -';
    const document = {
      created,
      architecture: platform.architecture,
      ...(platform.variant ? { variant: platform.variant } : {}),
      os: platform.os,
      config,
      rootfs: { type: 'layers', diff_ids: [layer.diffId] },
      history: [{ created, comment }],
    };
    const configBlob = await deps.content.write(once(Buffer.from(JSON.stringify(document))), { signal });
    await deps.layers.ensureUnpacked([layer], { signal });
    const manifest = {
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      config: { mediaType: OCI_CONFIG, ...configBlob },
      layers: [layer.descriptor],
    };
    const target = {
      mediaType: OCI_MANIFEST,
      ...(await deps.content.write(once(Buffer.from(JSON.stringify(manifest))), { signal })),
    };
    signal.throwIfAborted();
    deps.records.put(target, names, deps.now());
    deps.events.publish({ type: 'image', action: 'import', id: target.digest, attributes: { name: target.digest } });
    return target.digest;
  } finally {
    await deps.collector.collect();
  }
}

/** What the request says of the image, checked. Errors: invalid_parameter. */
export function prepareImport(
  { host }: Pick<ImageServiceDeps, 'host'>,
  request: ImportRequest,
): { readonly names: readonly string[]; readonly config: ConfigFields; readonly platform: Platform } {
  return {
    names: importNames(request),
    config: applyChanges({}, request.changes),
    platform: request.platform ? parsePlatform(request.platform, host) : host,
  };
}

function importNames({ repository, tag }: ImportRequest): readonly string[] {
  if (!repository) return [];
  return [formatReference(withDefaultTag(parseReference(tag ? `${repository}:${tag}` : repository)))];
}

async function writeLayer(
  deps: ImageServiceDeps,
  archive: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<{ readonly descriptor: Descriptor; readonly diffId: DiffId }> {
  const raw = await deps.content.write(archive, { signal });
  if (raw.size === 0) throw invalidArchive('it is empty');
  const plainHash = createHash('sha256');
  const plain = hashing(deps.decompressor.decompress(await deps.content.stream(raw.digest), { signal }), plainHash);
  const kept = await keepable(deps, raw, plain, signal);
  const diffId = `sha256:${plainHash.digest('hex')}` as DiffId;
  return {
    descriptor: { mediaType: `${OCI_LAYER}${await layerSuffix(deps.content, kept.digest)}`, ...kept },
    diffId,
  };
}

/** The blob to use as layer; `plain` is read to its end in any case. */
async function keepable(
  deps: ImageServiceDeps,
  raw: Pick<Descriptor, 'digest' | 'size'>,
  plain: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<Pick<Descriptor, 'digest' | 'size'>> {
  const packed = await layerSuffix(deps.content, raw.digest).then(
    (suffix) => suffix !== '',
    () => false,
  );
  if (!packed) return deps.content.write(deps.compressor.gzip(plain, { signal }), { signal });
  for await (const _piece of plain) signal.throwIfAborted();
  return raw;
}
