import { jsonFields } from '../../oci/manifest.ts';
import { OCI_INDEX } from '../../oci/media-type.ts';
import { type Manifest, parseManifest } from '../manifest.ts';
import { algorithmOf, type ContentDigest, hexOf } from '../name.ts';
import type { Driver } from './driver.ts';
import { referrerPath, referrersPath } from './paths.ts';

/** An entry of the referrers answer (spec, "Listing Referrers"). */
export interface Referrer {
  readonly mediaType: string;
  readonly digest: ContentDigest;
  readonly size: number;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

interface Referring {
  readonly digest: ContentDigest;
  readonly bytes: Uint8Array;
  readonly manifest: Manifest;
}

/** Which manifests of a repository name which subject; the subject need not be there. */
export interface Referrers {
  add(repository: string, subject: ContentDigest, referring: Referring): Promise<void>;
  remove(repository: string, subject: ContentDigest, referrer: ContentDigest): Promise<void>;
  /** By digest, in code unit order. */
  list(repository: string, subject: ContentDigest): Promise<readonly Referrer[]>;
}

export function createReferrers(deps: { readonly driver: Driver }): Referrers {
  const { driver } = deps;
  return {
    async add(repository, subject, referring) {
      const text = JSON.stringify(describe(referring));
      await driver.write(referrerPath(repository, subject, referring.digest), text);
    },
    remove: async (repository, subject, referrer) => await driver.remove(referrerPath(repository, subject, referrer)),
    async list(repository, subject) {
      const folder = referrersPath(repository, subject);
      const names = await driver.list(folder);
      return await Promise.all(
        names.map(
          async (name) => JSON.parse(new TextDecoder().decode(await driver.read(`${folder}/${name}`))) as Referrer,
        ),
      );
    },
  };
}

function describe({ digest, bytes, manifest }: Referring): Referrer {
  const { mediaType, artifactType, annotations } = manifest;
  return {
    mediaType,
    digest,
    size: bytes.length,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(annotations === undefined ? {} : { annotations }),
  };
}

/** The tag under which clients keep referrers of registries that have no referrers API (spec, "Referrers Tag Schema"). */
export function fallbackTag(subject: ContentDigest): string {
  return `${algorithmOf(subject)}-${hexOf(subject).slice(0, 64)}`;
}

/**
 * Referrers that clients listed in an index under the fallback tag before this registry kept them itself (spec, "Upgrade Procedures"):
 * those that are here and do name the subject. `get` fails for what is not here.
 */
export async function readFallback(
  subject: ContentDigest,
  get: (reference: string) => Promise<Omit<Referring, 'manifest'> | undefined>,
): Promise<readonly Referrer[]> {
  const index = await get(fallbackTag(subject));
  if (index === undefined || !isIndex(index.bytes)) return [];
  const found: Referrer[] = [];
  for (const { digest } of parseManifest(index.bytes).manifests) {
    const stored = await get(digest);
    if (stored === undefined) continue;
    const manifest = parseManifest(stored.bytes);
    if (manifest.subject === subject) found.push(describe({ ...stored, manifest }));
  }
  return found;
}

function isIndex(bytes: Uint8Array): boolean {
  const fields = jsonFields(bytes, 'index');
  return fields.get('mediaType') === OCI_INDEX || fields.has('manifests');
}
