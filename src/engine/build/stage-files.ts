import type { HostConfig } from '../../api/types/container.ts';
import { type DiffId, isDigest } from '../../oci/digest.ts';
import { OCI_CONFIG, OCI_LAYER, OCI_MANIFEST } from '../../oci/media-type.ts';
import type { Platform } from '../../oci/platform.ts';
import type { Descriptor } from '../../store/content/content-store.ts';
import type { CachedLayer } from '../../store/record/build-cache.ts';
import { once } from '../image/pull.ts';
import type { BuildDeps } from './deps.ts';

/** The files of a stage: layers, lowest first. */
export type StageLayers = readonly CachedLayer[];

/** Writes the blobs of an image: config and manifest. */
export async function writeManifest(
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

export interface StageContainer {
  readonly user?: string;
  readonly workingDirectory?: string;
  readonly env?: readonly string[];
  readonly argv: readonly string[];
  readonly hostConfig: HostConfig;
}

/** Marks the containers of steps, with the image they stand on. */
const STEP_LABEL = 'skiff.build.step';

/** Removes what a daemon that died in the middle of a build has left: containers of steps and their images. */
export async function removeAbandoned({
  containers,
  records,
}: Pick<BuildDeps, 'containers' | 'records'>): Promise<void> {
  const left = await containers.list({ all: true, size: false, filters: new Map([['label', [STEP_LABEL]]]) });
  for (const { Id = '', Labels } of left) {
    await containers.remove(Id, { force: true, volumes: true });
    const image = Labels?.[STEP_LABEL];
    if (image !== undefined && isDigest(image)) records.remove(image);
  }
}

/** Ends with the container and the image it stood on removed. */
export async function withContainer<T>(
  deps: BuildDeps,
  stage: { readonly layers: StageLayers; readonly platform: Platform },
  settings: StageContainer,
  work: (containerId: string) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  await using undo = new AsyncDisposableStack();
  const image = await writeManifest(deps, stageConfig(stage.layers, stage.platform), stage.layers, signal);
  deps.stepImages.add(image.digest);
  undo.defer(() => void deps.stepImages.delete(image.digest));
  deps.records.put(image, [], deps.now());
  undo.defer(() => deps.records.remove(image.digest));
  const { Id: id = '' } = await deps.containers.create({
    config: {
      Image: image.digest,
      Cmd: [...settings.argv],
      Env: [...(settings.env ?? [])],
      User: settings.user ?? '',
      WorkingDir: settings.workingDirectory ?? '',
      Labels: { [STEP_LABEL]: image.digest },
    },
    hostConfig: settings.hostConfig,
    networkingConfig: {},
  });
  undo.defer(() => deps.containers.remove(id, { force: true, volumes: true }));
  return await work(id);
}

/** A config of nobody else's: removing the image cannot take one that a user has. */
function stageConfig(layers: StageLayers, platform: Platform): object {
  return {
    os: platform.os,
    architecture: platform.architecture,
    ...(platform.variant ? { variant: platform.variant } : {}),
    comment: `files of a build step ${crypto.randomUUID()}`,
    config: {},
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.diffId) },
  };
}

/** Keeps what a container has changed as a layer, unpacked and ready for the next step. */
export async function keepChanges(
  deps: BuildDeps,
  containerId: string,
  layers: StageLayers,
  signal: AbortSignal,
): Promise<CachedLayer> {
  const archive = await deps.files.layer(deps.layers.rootfs(containerId), signal);
  const blob = await deps.content.write(archive, { signal });
  const layer = { descriptor: { mediaType: OCI_LAYER, ...blob }, diffId: blob.digest as string as DiffId };
  await deps.layers.ensureUnpacked([...layers, layer], { signal });
  return layer;
}
