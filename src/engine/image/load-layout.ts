import type { OciDescriptor } from '../../oci/manifest.ts';
import { parseManifest } from '../../oci/manifest.ts';
import { OCI_INDEX } from '../../oci/media-type.ts';
import type { ContentStore, Descriptor } from '../../store/content/content-store.ts';
import type { ArchiveFile } from './archive.ts';
import { mayBeDocument } from './catalog.ts';
import { invalidArchive } from './errors.ts';
import { canonical, type LoadedImage } from './loaded-image.ts';

/**
 * The images of an OCI image layout (image-spec image-layout.md): one per entry of its index.json; entries of the same
 * digest are one image with several names. A name is `io.containerd.image.name`, or an `org.opencontainers.image.ref.name`
 * that is a whole reference and not only a tag.
 */
export async function readLayout(content: ContentStore, index: ArchiveFile): Promise<readonly LoadedImage[]> {
  const parsed = parseManifest(await content.readAll(index.digest), OCI_INDEX);
  if (parsed.kind !== 'index') throw invalidArchive('index.json is not an index');
  const images = new Map<string, { readonly target: Descriptor; readonly names: Set<string> }>();
  for (const entry of parsed.manifests.filter((item) => !saysAttestation(item))) {
    const image = images.get(entry.digest) ?? { target: await checkedTarget(content, entry), names: new Set<string>() };
    const name = nameOf(entry);
    if (name !== undefined) image.names.add(name);
    images.set(entry.digest, image);
  }
  return [...images.values()].map(({ target, names }) => ({ target, names: [...names] }));
}

async function checkedTarget(content: ContentStore, entry: OciDescriptor): Promise<Descriptor> {
  if (!(await content.has(entry.digest))) throw invalidArchive(`blob ${entry.digest} of index.json is missing`);
  const size = await content.size(entry.digest);
  if (size !== entry.size) throw invalidArchive(`blob ${entry.digest} has ${size} bytes, not ${entry.size}`);
  // A file that is no manifest is kept as what its entry says it is.
  const mediaType = mayBeDocument(entry)
    ? parseManifest(await content.readAll(entry.digest), entry.mediaType).mediaType
    : entry.mediaType;
  return { mediaType, digest: entry.digest, size: entry.size };
}

function saysAttestation({ annotations }: OciDescriptor): boolean {
  return annotations?.['vnd.docker.reference.type'] === 'attestation-manifest';
}

function nameOf({ annotations }: OciDescriptor): string | undefined {
  const full = annotations?.['io.containerd.image.name'];
  const short = annotations?.['org.opencontainers.image.ref.name'];
  const text = full ?? (short !== undefined && /[:/]/.test(short) ? short : undefined);
  return text === undefined ? undefined : canonical(text);
}
