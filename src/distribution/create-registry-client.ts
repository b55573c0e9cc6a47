import { createHash } from 'node:crypto';
import { KnownError } from '../lib/errors.ts';
import type { Digest } from '../oci/digest.ts';
import { isDigest } from '../oci/digest.ts';
import { readBlob } from './blob-reader.ts';
import { pushBlob } from './blob-writer.ts';
import type { KnownHosts } from './known-host.ts';
import { login } from './login.ts';
import type { RegistryClient, RemoteManifest, RemoteRepository, RepositoryName } from './registry-client.ts';
import { RegistryError } from './registry-error.ts';
import type { SendRequest } from './request.ts';
import { createAuthorizedSend, createSendRequest } from './request.ts';
import { search } from './search.ts';
import type { Fetch } from './transport.ts';
import { readBody } from './transport.ts';

export interface RegistryClientDeps {
  readonly fetch: Fetch;
  /** `host[:port]` names and CIDRs of registries that may speak plain http or have bad certificates. */
  readonly insecureRegistries: readonly string[];
  /** Mirrors and settings of a registry; absent: none. */
  readonly hosts?: (registry: string) => KnownHosts;
  /** Waits between retries; rejects when `signal` aborts. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

const MAX_MANIFEST_BYTES = 4 << 20;
const MAX_TAGS_BYTES = 4 << 20;
const MAX_TAGS = 10_000;

const MANIFEST_TYPES = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');

export function createRegistryClient(deps: RegistryClientDeps): RegistryClient {
  return {
    repository(name, credentials = {}, { push = false } = {}) {
      return createRepository(deps, name, createSendRequest(deps, name, credentials, push));
    },
    login: (registry, credentials, { signal }) => login(deps, registry, credentials, signal),
    ping: (registry, { signal }) => ping(deps, registry, signal),
    search: (registry, query, credentials, { signal }) => search(deps, registry, query, credentials, signal),
  };
}

async function ping(deps: RegistryClientDeps, registry: string, signal: AbortSignal): Promise<void> {
  const send = createAuthorizedSend(deps, { registry, path: '' }, {}, []);
  try {
    const response = await send({ path: '/v2/', accept: [401], signal });
    await response.body?.cancel();
  } catch (error) {
    // Whatever it answers, it is there.
    if (!(error instanceof RegistryError)) throw error;
  }
}

function createRepository(deps: RegistryClientDeps, name: RepositoryName, send: SendRequest): RemoteRepository {
  return {
    async manifest(tagOrDigest, { signal }) {
      const path = `/v2/${name.path}/manifests/${tagOrDigest}`;
      const response = await send({ path, headers: { Accept: MANIFEST_TYPES }, signal });
      const bytes = await readBody(response, MAX_MANIFEST_BYTES);
      return checkedManifest(tagOrDigest, response, bytes);
    },
    blob: (descriptor, options) =>
      readBlob({ send, sleep: deps.sleep }, `/v2/${name.path}/blobs/${descriptor.digest}`, descriptor.size, options),
    pushBlob: (push) => pushBlob({ send, sleep: deps.sleep, path: `/v2/${name.path}/blobs` }, push),
    async hasManifest(digest, { signal }) {
      const path = `/v2/${name.path}/manifests/${digest}`;
      const headers = { Accept: MANIFEST_TYPES };
      return (await send({ method: 'HEAD', path, headers, accept: [404], signal })).ok;
    },
    putManifest: (tagOrDigest, manifest, { signal }) => putManifest(send, name, tagOrDigest, manifest, signal),
    tags: ({ signal }) => fetchTags(send, name, signal),
  };
}

function checkedManifest(wanted: string, response: Response, bytes: Uint8Array): RemoteManifest {
  const digest: Digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest;
  const promised = isDigest(wanted) ? wanted : response.headers.get('docker-content-digest');
  if (promised !== null && isDigest(promised) && promised !== digest) {
    throw new KnownError('data_loss', `manifest verification failed for digest ${promised}`);
  }
  return { mediaType: (response.headers.get('content-type') ?? '').split(';')[0]?.trim() ?? '', digest, bytes };
}

async function putManifest(
  send: SendRequest,
  name: RepositoryName,
  tagOrDigest: string,
  { mediaType, bytes, digest }: RemoteManifest,
  signal: AbortSignal,
): Promise<void> {
  const response = await send({
    method: 'PUT',
    path: `/v2/${name.path}/manifests/${tagOrDigest}`,
    headers: { 'Content-Type': mediaType },
    body: bytes,
    signal,
  });
  await response.body?.cancel();
  const kept = response.headers.get('docker-content-digest');
  if (kept !== null && isDigest(kept) && kept !== digest) {
    throw new KnownError('data_loss', `the registry keeps manifest ${digest} as ${kept}`);
  }
}

async function fetchTags(send: SendRequest, name: RepositoryName, signal: AbortSignal): Promise<readonly string[]> {
  const response = await send({ path: `/v2/${name.path}/tags/list?n=${MAX_TAGS}`, signal });
  const parsed: unknown = JSON.parse(Buffer.from(await readBody(response, MAX_TAGS_BYTES)).toString());
  const tags: unknown = typeof parsed === 'object' && parsed !== null && 'tags' in parsed ? parsed.tags : undefined;
  if (!Array.isArray(tags)) return [];
  return tags.filter((tag): tag is string => typeof tag === 'string').slice(0, MAX_TAGS);
}
