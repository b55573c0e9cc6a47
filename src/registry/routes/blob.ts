import { type Call, contentHeaders, empty, isNotModified, type ReplyBody } from '../call.ts';
import type { ContentDigest } from '../name.ts';
import type { Registry } from '../registry.ts';
import { RegistryError } from '../registry-error.ts';
import type { ByteRange } from '../storage/driver.ts';
import { requireDelete } from './manifest.ts';
import type { Match, RouteDeps } from './route.ts';

/** What a digest names never changes. */
const FOREVER = 'max-age=31536000, immutable';

/** Spec, "Pulling blobs" (end-2), with Range (RFC 9110, one range; several are answered with the whole) and If-None-Match. */
export function getBlob({ registry }: RouteDeps, repository: string, digest: ContentDigest): Match['run'] {
  return async (call) => {
    const size = await registry.blobs.size(repository, digest);
    const headers = { ...contentHeaders(digest), 'Accept-Ranges': 'bytes', 'Cache-Control': FOREVER };
    if (isNotModified(call, digest)) return empty(304, headers);
    const range = requestedRange(call, digest, size);
    const { start, end } = range ?? { start: 0, end: size };
    return {
      status: range ? 206 : 200,
      headers: {
        ...headers,
        'Content-Type': 'application/octet-stream',
        'Content-Length': String(end - start),
        ...(range ? { 'Content-Range': `bytes ${start}-${end - 1}/${size}` } : {}),
      },
      body: bodyOf(registry, digest, { start, end }),
    };
  };
}

function bodyOf({ blobs }: Registry, digest: ContentDigest, range: ByteRange): ReplyBody {
  const path = blobs.localPath(digest);
  if (path !== undefined) return { kind: 'file', path, ...range };
  return { kind: 'stream', source: blobs.stream(digest, range) };
}

/** Undefined: the whole. Errors: 416. */
function requestedRange(call: Call, digest: ContentDigest, size: number): ByteRange | undefined {
  const header = call.headers.get('range');
  const condition = call.headers.get('if-range');
  if (header === null || (condition !== null && condition !== `"${digest}"`)) return undefined;
  const range = parseRange(header, size);
  if (range !== 'unsatisfiable') return range;
  throw new RegistryError('SIZE_INVALID', 'the range is not within the blob', {
    status: 416,
    headers: { 'Content-Range': `bytes */${size}` },
  });
}

/** RFC 9110, section 14.1.2; a header that is not understood is as good as none. */
export function parseRange(header: string, size: number): ByteRange | 'unsatisfiable' | undefined {
  const found = /^bytes=(\d*)-(\d*)$/.exec(header.trim());
  if (!found) return undefined;
  const [, first = '', last = ''] = found;
  if (first === '' && last === '') return undefined;
  if (first === '')
    return Number(last) === 0 || size === 0 ? 'unsatisfiable' : { start: Math.max(0, size - Number(last)), end: size };
  if (last !== '' && Number(last) < Number(first)) return undefined;
  if (Number(first) >= size) return 'unsatisfiable';
  return { start: Number(first), end: last === '' ? size : Math.min(Number(last) + 1, size) };
}

/** Spec, "Deleting Blobs" (end-10). */
export function deleteBlob(
  { registry, deleteEnabled }: RouteDeps,
  repository: string,
  digest: ContentDigest,
): Match['run'] {
  return async () => {
    requireDelete(deleteEnabled);
    await registry.blobs.remove(repository, digest);
    return empty(202);
  };
}
