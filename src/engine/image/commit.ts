import { createHash } from 'node:crypto';
import { isKind, KnownError } from '../../lib/errors.ts';
import type { DiffId, Digest } from '../../oci/digest.ts';
import { parseImageDocument } from '../../oci/image-config.ts';
import { asFields, jsonFields } from '../../oci/manifest.ts';
import { OCI_CONFIG, OCI_LAYER, OCI_MANIFEST } from '../../oci/media-type.ts';
import { familiarReference, formatReference, isValidTag, parseReference, withDefaultTag } from '../../oci/reference.ts';
import type { Descriptor } from '../../store/content/content-store.ts';
import { hasAll } from './catalog.ts';
import { applyChanges } from './changes.ts';
import type { ImageServiceDeps } from './deps.ts';
import { hashing } from './hashing.ts';
import type { ImageCommits, ImageDraft } from './image-commits.ts';
import { publishImage } from './image-event.ts';
import { once } from './pull.ts';

type CommitDeps = Pick<
  ImageServiceDeps,
  'content' | 'compressor' | 'layers' | 'records' | 'catalog' | 'collector' | 'events' | 'now'
>;

/** Images made of containers. */
export function createImageCommits(deps: CommitDeps): ImageCommits {
  return {
    async commit(draft, makeLayer, signal) {
      const reference = nameOf(draft.names);
      const config = applyChanges(draft.config as Readonly<Record<string, unknown>>, draft.changes);
      try {
        using _lease = await deps.collector.lease();
        const base = await readBase(deps, draft);
        const layer = await keepLayer(deps, makeLayer, signal);
        const target = await write(deps, draft, config, base, layer, signal);
        signal.throwIfAborted();
        deps.records.put(target, reference ? [formatReference(reference)] : [], deps.now());
        const name = reference && familiarReference(reference);
        const labels = (config['Labels'] ?? {}) as Readonly<Record<string, string>>;
        publishImage(deps, 'create', target.digest, { name: target.digest, labels });
        if (name) publishImage(deps, 'tag', target.digest, { name, labels });
        return { imageId: target.digest, reference: name };
      } finally {
        await deps.collector.collect();
      }
    },
  };
}

function nameOf({ repository, tag }: ImageDraft['names']): ReturnType<typeof parseReference> | undefined {
  if (!repository) return undefined;
  const parsed = parseReference(repository);
  if (parsed.digest !== undefined)
    throw new KnownError('invalid_parameter', 'refusing to create a tag with a digest reference');
  if (tag && !isValidTag(tag)) throw new KnownError('invalid_parameter', 'invalid tag format');
  return withDefaultTag(tag ? { ...parsed, tag } : parsed);
}

interface Base {
  readonly layers: readonly Descriptor[];
  readonly diffIds: readonly DiffId[];
  readonly history: readonly unknown[];
}

async function readBase({ catalog, content }: CommitDeps, { base }: ImageDraft): Promise<Base> {
  const parsed = await catalog.read({ mediaType: base.mediaType, size: base.size, digest: base.digest as Digest });
  if (parsed?.kind !== 'manifest')
    throw new KnownError('not_found', `the image ${base.digest} of the container is not there any more`);
  if (!(await hasAll(content, parsed.layers)))
    throw new KnownError('not_found', `layers of the image ${base.digest} of the container are not there any more`);
  try {
    const bytes = await content.readAll(parsed.config.digest);
    const history = jsonFields(bytes, 'image config').get('history');
    return {
      layers: parsed.layers,
      diffIds: parseImageDocument(bytes).diffIds,
      history: Array.isArray(history) ? history.map((item) => Object.fromEntries(asFields(item))) : [],
    };
  } catch (error) {
    if (isKind(error, 'not_found'))
      throw new KnownError('not_found', `the image ${base.digest} of the container is not there any more`, {
        cause: error,
      });
    throw error;
  }
}

interface KeptLayer {
  readonly descriptor: Descriptor;
  readonly diffId: DiffId;
}

async function keepLayer(
  { content, compressor }: CommitDeps,
  makeLayer: Parameters<ImageCommits['commit']>[1],
  signal: AbortSignal,
): Promise<KeptLayer> {
  let kept: KeptLayer | undefined;
  await makeLayer(async (layer) => {
    const plain = createHash('sha256');
    const packed = compressor.gzip(hashing(layer, plain), { signal });
    const descriptor = { mediaType: `${OCI_LAYER}+gzip`, ...(await content.write(packed, { signal })) };
    kept = { descriptor, diffId: `sha256:${plain.digest('hex')}` as DiffId };
  });
  if (!kept) throw new KnownError('system', 'a commit has made no layer');
  return kept;
}

async function write(
  { content, layers, now }: CommitDeps,
  draft: ImageDraft,
  config: Readonly<Record<string, unknown>>,
  base: Base,
  layer: KeptLayer,
  signal: AbortSignal,
): Promise<Descriptor> {
  const created = new Date(now()).toISOString();
  const diffIds = [...base.diffIds, layer.diffId];
  const all = [...base.layers, layer.descriptor];
  const { author, comment, createdBy, platform } = draft;
  const said = { ...(author && { author }), ...(comment && { comment }) };
  const document = {
    created,
    ...said,
    architecture: platform.architecture,
    ...(platform.variant && { variant: platform.variant }),
    os: platform.os,
    config,
    rootfs: { type: 'layers', diff_ids: diffIds },
    history: [...base.history, { created, ...(createdBy && { created_by: createdBy }), ...said }],
  };
  const configBlob = await content.write(once(Buffer.from(JSON.stringify(document))), { signal });
  await layers.ensureUnpacked(
    all.flatMap((descriptor, index) => {
      const diffId = diffIds[index];
      return diffId ? [{ descriptor, diffId }] : [];
    }),
    { signal },
  );
  const manifest = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: { mediaType: OCI_CONFIG, ...configBlob },
    layers: all,
  };
  return {
    mediaType: OCI_MANIFEST,
    ...(await content.write(once(Buffer.from(JSON.stringify(manifest))), { signal })),
  };
}
