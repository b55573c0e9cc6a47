import { createHash } from 'node:crypto';
import { isKind, KnownError } from '../lib/errors.ts';
import type { Digest } from '../oci/digest.ts';
import { asFields, jsonFields } from '../oci/manifest.ts';
import { OCI_INDEX } from '../oci/media-type.ts';
import type { RemoteManifest } from './registry-client.ts';

/** The two requests that keeping the list takes; `manifest` fails with not_found. */
export interface FallbackRequests {
  readonly manifest: (tag: string) => Promise<RemoteManifest>;
  readonly put: (tag: string, manifest: RemoteManifest) => Promise<void>;
}

/** The digest that a manifest says it is about, undefined when it is about none. */
export function subjectOf(bytes: Uint8Array): string | undefined {
  const digest = asFields(jsonFields(bytes, 'manifest').get('subject')).get('digest');
  return typeof digest === 'string' && /^[^:]+:.+$/.test(digest) ? digest : undefined;
}

/** The tag for the list of what refers to a digest (distribution-spec, "Referrers Tag Schema"). */
export function fallbackTag(digest: string): string {
  const colon = digest.indexOf(':');
  const parts = [digest.slice(0, colon).slice(0, 32), digest.slice(colon + 1).slice(0, 64)];
  return parts.map((part) => part.replace(/[^\w.-]/g, '-')).join('-');
}

/**
 * For registries without the referrers API: puts the pushed manifest on the list of its subject (distribution-spec, "Pushing Manifests with
 * Subject"). Two clients at once may lose one entry; the protocol has no lock. Errors: conflict when the tag is something else than
 * a list; those of the requests.
 */
export async function addReferrer(
  { manifest, put }: FallbackRequests,
  subject: string,
  pushed: RemoteManifest,
): Promise<void> {
  const tag = fallbackTag(subject);
  const index = await readList(manifest, tag);
  const listed = index['manifests'] as readonly unknown[];
  if (listed.some((entry) => asFields(entry).get('digest') === pushed.digest)) return;
  const bytes = Buffer.from(JSON.stringify({ ...index, manifests: [...listed, describe(pushed)] }));
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest;
  await put(tag, { mediaType: OCI_INDEX, digest, bytes });
}

async function readList(manifest: FallbackRequests['manifest'], tag: string): Promise<Record<string, unknown>> {
  try {
    const fields = Object.fromEntries(jsonFields((await manifest(tag)).bytes, 'referrers list'));
    if (Array.isArray(fields['manifests'])) return fields;
    throw new KnownError('conflict', `the tag ${tag} is not a list of referrers`);
  } catch (error) {
    if (isKind(error, 'not_found')) return { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [] };
    throw error;
  }
}

/** The artifact's own type, else that of its config; an index without one has none. */
function describe({ mediaType, digest, bytes }: RemoteManifest): object {
  const fields = jsonFields(bytes, 'manifest');
  const [own, annotations] = [fields.get('artifactType'), fields.get('annotations')];
  const artifactType = own ? own : asFields(fields.get('config')).get('mediaType');
  return {
    mediaType,
    digest,
    size: bytes.length,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(annotations === undefined ? {} : { annotations }),
  };
}
