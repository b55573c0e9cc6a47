import { type Call, contentHeaders, empty, isNotModified } from '../call.ts';
import { RegistryError } from '../registry-error.ts';
import type { Match, RouteDeps } from './route.ts';

/** Spec, "Pulling manifests" (end-3): as it was pushed, byte for byte, whatever Accept says. */
export function getManifest({ registry }: RouteDeps, repository: string, reference: string): Match['run'] {
  return async (call) => {
    const { digest, mediaType, bytes } = await registry.manifests.get(repository, reference);
    const headers = { ...contentHeaders(digest), 'Content-Type': mediaType };
    if (isNotModified(call, digest)) return empty(304, headers);
    return { status: 200, headers, body: { kind: 'bytes', bytes } };
  };
}

/** Spec, "Pushing Manifests" (end-7) and "Pushing Manifests with Subject". */
export function putManifest(
  { registry, limits, locate }: RouteDeps,
  repository: string,
  reference: string,
): Match['run'] {
  return async (call) => {
    const bytes = await readAll(call, limits.manifestBytes);
    const contentType = call.headers.get('content-type') ?? undefined;
    const { digest, subject } = await registry.manifests.put(repository, reference, bytes, contentType);
    return empty(201, {
      Location: locate(`/v2/${repository}/manifests/${digest}`),
      'Docker-Content-Digest': digest,
      ...(subject ? { 'OCI-Subject': subject } : {}),
    });
  };
}

/** Spec, "Deleting tags" and "Deleting Manifests" (end-9). */
export function deleteManifest(
  { registry, deleteEnabled }: RouteDeps,
  repository: string,
  reference: string,
): Match['run'] {
  return async () => {
    requireDelete(deleteEnabled);
    await registry.manifests.remove(repository, reference);
    return empty(202);
  };
}

/** Errors: UNSUPPORTED. */
export function requireDelete(enabled: boolean): void {
  if (!enabled) throw new RegistryError('UNSUPPORTED', 'deletion is disabled (storage.delete.enabled)');
}

async function readAll(call: Call, maxBytes: number): Promise<Uint8Array> {
  const tooLarge = (): RegistryError =>
    new RegistryError('MANIFEST_INVALID', `the manifest is larger than ${maxBytes} bytes`, { status: 413 });
  if (Number(call.headers.get('content-length') ?? 0) > maxBytes) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of call.body ?? []) {
    size += chunk.length;
    if (size > maxBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}
