import { type Call, empty, type Reply } from '../call.ts';
import { type ContentDigest, isContentDigest, isRepositoryName, parseContentDigest } from '../name.ts';
import { RegistryError } from '../registry-error.ts';
import type { Chunk } from '../storage/uploads.ts';
import type { Match, RouteDeps } from './route.ts';

/** Spec, "Pushing blobs" (end-4a), "Single POST" (end-4b), "Mounting a blob from another repository" (end-11). */
export function startUpload(deps: RouteDeps, repository: string): Match['run'] {
  const { registry } = deps;
  return async (call) => {
    const [mount, from, digest] = ['mount', 'from', 'digest'].map((name) => call.query.get(name));
    if (mount && from && isContentDigest(mount) && isRepositoryName(from, deps.limits.nameLength)) {
      const readable = await call.may({ kind: 'repository', name: from, actions: ['pull'] });
      if (readable && (await registry.blobs.mount(from, repository, mount))) return created(deps, repository, mount);
    }
    const wanted = digest && !mount ? parseContentDigest(digest) : undefined;
    const id = await registry.uploads.create(repository);
    if (wanted === undefined) return progress(deps, repository, id, 0, 202);
    try {
      await registry.uploads.append(repository, id, call.body ?? nothing());
    } catch (error) {
      await registry.uploads.cancel(repository, id).catch(() => undefined);
      throw error;
    }
    await registry.uploads.commit(repository, id, wanted);
    return created(deps, repository, wanted);
  };
}

/** Spec, "Pushing a blob in chunks" (end-5); without Content-Range, a stream to the end of the body. */
export function patchUpload(deps: RouteDeps, repository: string, id: string): Match['run'] {
  return async (call) => {
    const size = await received(deps, repository, id, call);
    return progress(deps, repository, id, size, 202);
  };
}

/** Spec, "POST then PUT" and the end of a chunked upload (end-6): the body, if any, is the last chunk. */
export function finishUpload(deps: RouteDeps, repository: string, id: string): Match['run'] {
  return async (call) => {
    const digest = parseContentDigest(call.query.get('digest') ?? '');
    await received(deps, repository, id, call);
    await deps.registry.uploads.commit(repository, id, digest);
    return created(deps, repository, digest);
  };
}

/** Spec, "Pushing a blob in chunks" (end-13): how much is here, also after a restart. */
export function showUpload(deps: RouteDeps, repository: string, id: string): Match['run'] {
  return async () => progress(deps, repository, id, await deps.registry.uploads.size(repository, id), 204);
}

/** The CNCF registry's "Canceling an Upload". */
export function cancelUpload({ registry }: RouteDeps, repository: string, id: string): Match['run'] {
  return async () => {
    await registry.uploads.cancel(repository, id);
    return empty(204);
  };
}

async function received(deps: RouteDeps, repository: string, id: string, call: Call): Promise<number> {
  const { uploads } = deps.registry;
  const before = await uploads.size(repository, id);
  if (call.body === undefined) return before;
  try {
    return await uploads.append(repository, id, call.body, parseContentRange(call, before));
  } catch (error) {
    if (!(error instanceof RegistryError) || error.status !== 416) throw error;
    const headers = progressHeaders(deps, repository, id, await uploads.size(repository, id));
    throw new RegistryError(error.code, error.message, { status: 416, headers });
  }
}

/** `start-end`, both included; `bytes start-end/*` is taken as well. Errors: SIZE_INVALID, 416. */
function parseContentRange(call: Call, size: number): Chunk | undefined {
  const header = call.headers.get('content-range');
  if (header === null) return undefined;
  const found = /^(?:bytes[ =])?(\d{1,15})-(\d{1,15})(?:\/(?:\*|\d+))?$/.exec(header.trim());
  const [start, end] = [Number(found?.[1]), Number(found?.[2])];
  if (!found || end < start)
    throw new RegistryError('BLOB_UPLOAD_INVALID', `invalid Content-Range; the upload ends at ${size}`, {
      status: 416,
    });
  const length = call.headers.get('content-length');
  if (length !== null && Number(length) !== end - start + 1)
    throw new RegistryError('SIZE_INVALID', 'Content-Range and Content-Length say different lengths');
  return { start, length: end - start + 1 };
}

function created({ locate }: RouteDeps, repository: string, digest: ContentDigest): Reply {
  return empty(201, { Location: locate(`/v2/${repository}/blobs/${digest}`), 'Docker-Content-Digest': digest });
}

function progress(deps: RouteDeps, repository: string, id: string, size: number, status: number): Reply {
  return empty(status, progressHeaders(deps, repository, id, size));
}

/** The last byte is included, so nothing and one byte look the same; that is how every registry does it. */
function progressHeaders(
  { locate }: RouteDeps,
  repository: string,
  id: string,
  size: number,
): Readonly<Record<string, string>> {
  return {
    Location: locate(`/v2/${repository}/blobs/uploads/${id}`),
    Range: `0-${Math.max(0, size - 1)}`,
    'Docker-Upload-UUID': id,
  };
}

async function* nothing(): AsyncIterable<Uint8Array> {
  // An upload of no bytes.
}
