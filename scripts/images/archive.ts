import { createHash } from 'node:crypto';
import { OCI_CONFIG, OCI_INDEX, OCI_LAYER, OCI_MANIFEST } from '../../src/oci/media-type.ts';
import { type FileTree, textFiles, treeTar } from './tree.ts';

/** An image of one layer. */
export interface NewImage {
  readonly root: FileTree;
  /** Image-spec `config` object: Cmd, Env, ... */
  readonly config: Readonly<Record<string, unknown>>;
  /** GOARCH name. */
  readonly architecture: string;
  /** Seconds since the epoch: the image's date and the mtime of every file. */
  readonly createdSeconds: number;
  /** Docker's short name, `busybox`, and its tags. */
  readonly name: string;
  readonly tags: readonly string[];
  readonly createdBy: string;
}

interface Blob {
  readonly mediaType: string;
  readonly digest: string;
  readonly bytes: Uint8Array;
}

/**
 * The image as `docker save` has written it since version 25: an OCI layout with a manifest.json, so that readers of
 * either format take it. Same input, same bytes.
 */
export function imageArchive(image: NewImage): Uint8Array {
  const layer = blob(OCI_LAYER, treeTar(image.root, image.createdSeconds));
  const config = json(OCI_CONFIG, imageDocument(image, layer.digest));
  const manifest = json(OCI_MANIFEST, {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: descriptor(config),
    layers: [descriptor(layer)],
  });
  const files = textFiles({
    'oci-layout': JSON.stringify({ imageLayoutVersion: '1.0.0' }),
    'index.json': JSON.stringify({
      schemaVersion: 2,
      mediaType: OCI_INDEX,
      manifests: image.tags.map((tag) => ({ ...descriptor(manifest), annotations: refName(image.name, tag) })),
    }),
    'manifest.json': JSON.stringify([
      {
        Config: blobPath(config),
        RepoTags: image.tags.map((tag) => `${image.name}:${tag}`),
        Layers: [blobPath(layer)],
      },
    ]),
  });
  const blobs = [layer, config, manifest].map(
    (one) => [blobPath(one), { kind: 'file', content: one.bytes, mode: 0o644 }] as const,
  );
  return treeTar(new Map([...files, ...blobs]), image.createdSeconds);
}

function imageDocument(image: NewImage, diffId: string): object {
  const created = new Date(image.createdSeconds * 1000).toISOString().replace('.000Z', 'Z');
  return {
    created,
    architecture: image.architecture,
    os: 'linux',
    config: image.config,
    rootfs: { type: 'layers', diff_ids: [diffId] },
    history: [{ created, created_by: image.createdBy }],
  };
}

/** What containerd and skopeo read the names from. */
function refName(name: string, tag: string): Readonly<Record<string, string>> {
  return {
    'io.containerd.image.name': `docker.io/library/${name}:${tag}`,
    'org.opencontainers.image.ref.name': tag,
  };
}

function json(mediaType: string, document: object): Blob {
  return blob(mediaType, Buffer.from(JSON.stringify(document)));
}

function blob(mediaType: string, bytes: Uint8Array): Blob {
  return { mediaType, digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`, bytes };
}

function descriptor({ mediaType, digest, bytes }: Blob): object {
  return { mediaType, digest, size: bytes.length };
}

function blobPath({ digest }: Blob): string {
  return `blobs/${digest.replace(':', '/')}`;
}
