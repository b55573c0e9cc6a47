import { isKind, KnownError, messageOf } from '../lib/errors.ts';
import type { Digest } from '../oci/digest.ts';
import type { BlobPush, BlobPushed } from './registry-client.ts';
import { RegistryError } from './registry-error.ts';
import type { SendRequest } from './request.ts';
import { limitWaitMs } from './request.ts';
import { discard } from './transport.ts';

export interface BlobWriterDeps {
  readonly send: SendRequest;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** `/v2/<name>/blobs` of the repository. */
  readonly path: string;
}

/** Uploads that may fail without a new byte at the registry before the blob is given up, and their pauses: Docker's. */
const ATTEMPTS = 5;
const PAUSE_SECONDS = 5;
/** Larger ones go by PATCH, so that what arrived is not lost with the connection. */
const MONOLITHIC_BYTES = 1 << 20;
/** Tried for a registry that refuses a request as too large (413). */
const CHUNK_BYTES = 16 << 20;

/** An upload session (distribution-spec, "Pushing blobs"): where to go on, and how much the registry has. */
interface Session {
  location: string;
  offset: number;
}

/**
 * Sends a blob if the registry lacks it: HEAD, then cross-repository mounts, then an upload. An upload that breaks is taken up
 * at the byte the registry names, in a new session where it names none.
 */
export async function pushBlob(deps: BlobWriterDeps, push: BlobPush): Promise<BlobPushed> {
  if (await hasBlob(deps, push.digest, push.signal)) return { kind: 'exists' };
  const mounted = await tryMounts(deps, push);
  if (mounted.from !== undefined) return { kind: 'mounted', from: mounted.from };
  await upload(deps, push, mounted.session);
  return { kind: 'uploaded' };
}

async function hasBlob({ send, path }: BlobWriterDeps, digest: Digest, signal: AbortSignal): Promise<boolean> {
  const response = await send({ method: 'HEAD', path: `${path}/${digest}`, accept: [404], signal });
  return response.ok;
}

/** A registry that cannot mount opens an upload instead, which is then used. */
async function tryMounts(
  deps: BlobWriterDeps,
  push: BlobPush,
): Promise<{ readonly from?: string; readonly session?: Session }> {
  const { send, path } = deps;
  let session: Session | undefined;
  for (const from of push.mountFrom) {
    try {
      const query = new URLSearchParams({ mount: push.digest, from });
      const response = await send({
        method: 'POST',
        path: `${path}/uploads/?${query.toString()}`,
        headers: { 'Content-Length': '0' },
        scopes: [`repository:${from}:pull`],
        signal: push.signal,
      });
      await discard(response);
      if (session) await abandon(deps, session, push.signal);
      if (response.status === 201) return { from };
      session = openedBy(response);
    } catch (error) {
      // Whether one may mount says nothing about whether one may push.
      if (!(error instanceof RegistryError) || error.status >= 500) throw error;
    }
  }
  return session ? { session } : {};
}

async function abandon({ send }: BlobWriterDeps, session: Session, signal: AbortSignal): Promise<void> {
  try {
    const response = await send({ method: 'DELETE', path: session.location, retried: false, signal });
    await discard(response);
  } catch (error) {
    if (!(error instanceof KnownError) || isKind(error, 'cancelled')) throw error;
  }
}

async function upload(deps: BlobWriterDeps, push: BlobPush, opened: Session | undefined): Promise<void> {
  let session = opened;
  /** Nobody could be asked where it stands. */
  let lost: Session | undefined;
  let failures = 0;
  for (;;) {
    const reached = session?.offset ?? 0;
    try {
      session ??= (lost && (await resumed(deps, lost, push))) ?? (await begin(deps, push.signal));
      lost = undefined;
      await uploadOnce(deps, push, session);
      return;
    } catch (error) {
      if (push.signal.aborted) throw new KnownError('cancelled', 'context canceled', { cause: error });
      if (!mayPass(error, session ?? lost)) throw error;
      const broken: Session | undefined = session ?? lost;
      const found = broken && (await whereItStands(deps, broken, push));
      if (found === 'done') return;
      lost = found === 'unreachable' ? broken : undefined;
      session = found === 'unreachable' ? undefined : found;
      failures = session !== undefined && session.offset > reached ? 0 : failures + 1;
      if (failures >= ATTEMPTS) throw gaveUp(push.digest, error);
      const limitMs = limitWaitMs(error);
      if (failures > 0)
        await pause(deps, push, limitMs === undefined ? failures * PAUSE_SECONDS : Math.ceil(limitMs / 1000));
    }
  }
}

/** After something broke. `unreachable`: the registry may be starting again. */
async function whereItStands(
  deps: BlobWriterDeps,
  broken: Session,
  push: BlobPush,
): Promise<Session | 'done' | 'unreachable' | undefined> {
  try {
    const session = await resumed(deps, broken, push);
    if (session === undefined && (await hasBlob(deps, push.digest, push.signal))) return 'done';
    return session;
  } catch (error) {
    if (isKind(error, 'unavailable')) return 'unreachable';
    throw error;
  }
}

/**
 * What the registry itself decided is not tried again, except its own failures and a session it lost. One that cannot be reached is tried
 * again only when it could be before.
 */
function mayPass(error: unknown, session: Session | undefined): boolean {
  if (error instanceof RegistryError) {
    // A limit that is lifted much later is told, not waited for.
    if (error.status === 429 && error.waitMs !== undefined) return limitWaitMs(error) !== undefined;
    return (error.status >= 500 && error.status !== 501) || [404, 408, 416, 429, 499].includes(error.status);
  }
  if (!isKind(error, 'unavailable') || error.message.includes('certificate')) return false;
  return session !== undefined || !/connection refused|no such host/.test(error.message);
}

function gaveUp(digest: Digest, error: unknown): unknown {
  if (error instanceof RegistryError) return error;
  return new KnownError('unavailable', `upload of ${digest} failed: ${messageOf(error)}`, { cause: error });
}

async function pause(deps: BlobWriterDeps, push: BlobPush, total: number): Promise<void> {
  for (let seconds = total; seconds > 0; seconds--) {
    push.onRetry?.(seconds);
    await deps.sleep(1000, push.signal);
  }
}

async function begin({ send, path }: BlobWriterDeps, signal: AbortSignal): Promise<Session> {
  const headers = { 'Content-Length': '0' };
  const response = await send({ method: 'POST', path: `${path}/uploads/`, headers, signal });
  await discard(response);
  return openedBy(response);
}

function openedBy(response: Response): Session {
  const location = response.headers.get('location');
  if (location === null) throw new KnownError('unavailable', 'the registry opened an upload without saying where');
  return { location, offset: 0 };
}

/** Where a broken upload stands; undefined when the registry does not say or knows nothing of it. */
async function resumed(deps: BlobWriterDeps, broken: Session, push: BlobPush): Promise<Session | undefined> {
  try {
    const response = await deps.send({ path: broken.location, signal: push.signal });
    await discard(response);
    const offset = receivedBytes(response);
    // `0-0` is what some registries say of an empty upload and others of one byte.
    if (offset === undefined || offset <= 1 || offset > push.size) return undefined;
    return { location: response.headers.get('location') ?? broken.location, offset };
  } catch (error) {
    if (error instanceof RegistryError) return undefined;
    throw error;
  }
}

/** From `Range: 0-<last byte>`. */
function receivedBytes(response: Response): number | undefined {
  const last = /^(?:bytes=)?0-(\d+)$/.exec(response.headers.get('range') ?? '')?.[1];
  return last === undefined ? undefined : Number(last) + 1;
}

async function uploadOnce(deps: BlobWriterDeps, push: BlobPush, session: Session): Promise<void> {
  if (push.size <= MONOLITHIC_BYTES && session.offset === 0) {
    await finish(deps, push, session, 0);
    return;
  }
  let most = Number.POSITIVE_INFINITY;
  while (session.offset < push.size) {
    const end = Math.min(push.size, session.offset + most);
    const response = await sendPart(deps, push, session, end);
    if (response.status === 413 && most > CHUNK_BYTES) {
      most = Math.max(CHUNK_BYTES, Number(response.headers.get('oci-chunk-min-length')) || 0);
      // A refused part may have spoilt the session.
      Object.assign(session, await begin(deps, push.signal));
    } else if (!response.ok) {
      throw new RegistryError(response.status, '', `the registry refuses parts of ${end - session.offset} bytes`);
    } else {
      session.location = response.headers.get('location') ?? session.location;
      session.offset = end;
    }
  }
  await finish(deps, push, session, push.size);
}

async function sendPart(deps: BlobWriterDeps, push: BlobPush, session: Session, end: number): Promise<Response> {
  const { offset, location } = session;
  const part = offset > 0 || end < push.size;
  const response = await deps.send({
    method: 'PATCH',
    path: location,
    headers: {
      'Content-Type': 'application/octet-stream',
      'Content-Length': String(end - offset),
      ...(part ? { 'Content-Range': `${offset}-${end - 1}` } : {}),
    },
    body: () => counted(push, offset, end),
    accept: [413],
    retried: false,
    signal: push.signal,
  });
  await discard(response);
  return response;
}

/** The last request: the rest of the bytes from `from` (none after PATCH) and the digest. */
async function finish(deps: BlobWriterDeps, push: BlobPush, session: Session, from: number): Promise<void> {
  const response = await deps.send({
    method: 'PUT',
    path: withDigest(session.location, push.digest),
    headers: { 'Content-Type': 'application/octet-stream', 'Content-Length': String(push.size - from) },
    ...(from < push.size ? { body: () => counted(push, from, push.size) } : {}),
    retried: false,
    signal: push.signal,
  });
  await discard(response);
}

/** The digest is added to whatever the registry keeps in its address. */
function withDigest(location: string, digest: Digest): string {
  return `${location}${location.includes('?') ? '&' : '?'}digest=${encodeURIComponent(digest)}`;
}

async function* counted(push: BlobPush, from: number, end: number): AsyncGenerator<Uint8Array> {
  let sent = from;
  for await (const piece of push.read(from)) {
    const part = piece.subarray(0, end - sent);
    sent += part.byteLength;
    if (part.byteLength > 0) yield part;
    push.onProgress?.(sent);
    if (sent >= end) return;
  }
}
