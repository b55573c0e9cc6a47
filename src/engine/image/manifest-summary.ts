import type { ImageManifestSummary } from '../../api/types/image.ts';
import { chainIdsOf } from '../../oci/chain-id.ts';
import type { Descriptor } from '../../store/content/content-store.ts';
import { toApiDescriptor, toApiPlatform } from './api-descriptor.ts';
import type { CatalogEntry } from './catalog.ts';
import { ATTESTED } from './catalog.ts';
import type { ImageServiceDeps, ImageUser } from './deps.ts';
import { unpackedBytes } from './describe.ts';

type Deps = Pick<ImageServiceDeps, 'catalog' | 'content' | 'layers' | 'users'>;

/** What `?manifests=1` tells of each manifest that an image names, in the index's order. */
export async function manifestSummaries(deps: Deps, target: Descriptor): Promise<ImageManifestSummary[]> {
  const users = deps.users();
  const entries = await deps.catalog.entries(target);
  return await Promise.all(entries.map((entry) => summarize(deps, entry, users)));
}

async function summarize(deps: Deps, entry: CatalogEntry, users: readonly ImageUser[]): Promise<ImageManifestSummary> {
  const { descriptor, kind } = entry;
  const { bytes, missing } = await presentContent(deps, entry);
  const unpacked = unpackedSize(deps, entry);
  const about = {
    ID: descriptor.digest,
    Descriptor: toApiDescriptor(descriptor),
    Available: !missing,
    Size: { Content: bytes, Total: bytes + unpacked },
    Kind: kind,
  };
  if (kind === 'attestation') return { ...about, AttestationData: { For: descriptor.annotations?.[ATTESTED] ?? '' } };
  if (kind === 'unknown') return about;
  const platform = descriptor.platform ?? entry.local?.document.platform;
  const containers = users.filter(({ manifest }) => manifest === descriptor.digest);
  return {
    ...about,
    ImageData: {
      Platform: platform ? toApiPlatform(platform) : { architecture: '', os: '' },
      Containers: containers.map(({ containerId }) => containerId),
      Size: { Unpacked: unpacked },
    },
  };
}

/** Bytes of what is here of a manifest and what it names; `missing`: not all is. */
export async function presentContent(
  { content }: Pick<ImageServiceDeps, 'content'>,
  { descriptor, manifest }: CatalogEntry,
): Promise<{ readonly bytes: number; readonly missing: boolean }> {
  const parts = new Map(
    [descriptor, ...(manifest ? [manifest.config, ...manifest.layers] : [])].map((part) => [part.digest, part]),
  );
  const here = await Promise.all(
    [...parts.values()].map(async (part) => ((await content.has(part.digest)) ? part.size : undefined)),
  );
  return {
    bytes: here.reduce<number>((sum, size) => sum + (size ?? 0), 0),
    missing: manifest === undefined || here.includes(undefined),
  };
}

function unpackedSize({ layers }: Deps, { local }: CatalogEntry): number {
  const chains = local ? chainIdsOf(local.document.diffIds) : [];
  return chains.reduce((sum, chain) => sum + unpackedBytes(layers, chain), 0);
}
