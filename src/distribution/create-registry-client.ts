import { createHash } from 'node:crypto';
import { KnownError } from '../lib/errors.ts';
import type { Digest } from '../oci/digest.ts';
import { isDigest } from '../oci/digest.ts';
import { readBlob } from './blob-reader.ts';
import { pushBlob } from './blob-writer.ts';
import { foreignPlaces, readForeign } from './foreign-layer.ts';
import type { KnownHosts } from './known-host.ts';
import { login } from './login.ts';
import { addReferrer, type FallbackRequests, subjectOf } from './referrers-fallback.ts';
import type { RegistryClient, RemoteManifest, RemoteRepository, RepositoryName } from './registry-client.ts';
import { RegistryError } from './registry-error.ts';
import type { SendRequest } from './request.ts';
import { createAuthorizedSend, createSendRequest, withRetries } from './request.ts';
import { search } from './search.ts';
import type { Fetch } from './transport.ts';
import { discard, readBody } from './transport.ts';

export interface RegistryClientDeps {
  readonly fetch: Fetch;
  /** `host[:port]` names and CIDRs of registries that may speak plain http or have bad certificates. */
  readonly insecureRegistries: readonly string[];
  /** Mirrors and settings of a registry; absent: none. */
  readonly hosts?: (registry: string) => KnownHosts;
  /** Of a download, as BlobReaderDeps has them. */
  readonly attempts?: number | undefined;
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
    await discard(response);
  } catch (error) {
    // Whatever it answers, it is there.
    if (!(error instanceof RegistryError)) throw error;
  }
}

function createRepository(deps: RegistryClientDeps, name: RepositoryName, send: SendRequest): RemoteRepository {
  return {
    manifest: (tagOrDigest, { signal }) => fetchManifest(deps, send, name, tagOrDigest, signal),
    blob: (descriptor, options) =>
      readForeign(
        (place, options) =>
          readBlob({ send, sleep: deps.sleep, attempts: deps.attempts }, place, descriptor.size, options),
        [`/v2/${name.path}/blobs/${descriptor.digest}`, ...foreignPlaces(name, descriptor.urls ?? [])],
        options,
      ),
    pushBlob: (push) => pushBlob({ send, sleep: deps.sleep, path: `/v2/${name.path}/blobs` }, push),
    async hasManifest(digest, { signal }) {
      const path = `/v2/${name.path}/manifests/${digest}`;
      const headers = { Accept: MANIFEST_TYPES };
      return (await send({ method: 'HEAD', path, headers, accept: [404], signal })).ok;
    },
    async putManifest(tagOrDigest, manifest, { signal }) {
      const response = await putManifest(send, name, tagOrDigest, manifest, signal);
      const subject = subjectOf(manifest.bytes);
      if (subject === undefined || response.headers.has('oci-subject')) return;
      const requests: FallbackRequests = {
        manifest: async (tag) => await fetchManifest(deps, send, name, tag, signal),
        put: async (tag, list) => void (await putManifest(send, name, tag, list, signal)),
      };
      await addReferrer(requests, subject, manifest);
    },
    tags: ({ signal }) => fetchTags(deps, send, name, signal),
  };
}

async function fetchManifest(
  deps: Pick<RegistryClientDeps, 'sleep'>,
  send: SendRequest,
  name: RepositoryName,
  tagOrDigest: string,
  signal: AbortSignal,
): Promise<RemoteManifest> {
  const path = `/v2/${name.path}/manifests/${tagOrDigest}`;
  const once = async (): Promise<RemoteManifest> => {
    const response = await send({ path, headers: { Accept: MANIFEST_TYPES }, retried: false, signal });
    return checkedManifest(tagOrDigest, response, await readBody(response, MAX_MANIFEST_BYTES));
  };
  return await withRetries(deps, once, signal);
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
): Promise<Response> {
  const response = await send({
    method: 'PUT',
    path: `/v2/${name.path}/manifests/${tagOrDigest}`,
    headers: { 'Content-Type': mediaType },
    body: bytes,
    signal,
  });
  await discard(response);
  const kept = response.headers.get('docker-content-digest');
  if (kept !== null && isDigest(kept) && kept !== digest) {
    throw new KnownError('data_loss', `the registry keeps manifest ${digest} as ${kept}`);
  }
  return response;
}

async function fetchPage(
  send: SendRequest,
  path: string,
  signal: AbortSignal,
): Promise<{ readonly page: readonly string[]; readonly link: string | null }> {
  const response = await send({ path, retried: false, signal });
  const parsed = parseJson(Buffer.from(await readBody(response, MAX_TAGS_BYTES)).toString());
  const tags: unknown = typeof parsed === 'object' && parsed !== null && 'tags' in parsed ? parsed.tags : undefined;
  const page = Array.isArray(tags) ? tags.filter((tag): tag is string => typeof tag === 'string') : [];
  return { page, link: response.headers.get('link') };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new KnownError('system', 'the registry did not answer with a list of tags', { cause: error });
  }
}

/** Follows the links from page to page: a registry may give less at once than it is asked for. */
async function fetchTags(
  deps: Pick<RegistryClientDeps, 'sleep'>,
  send: SendRequest,
  name: RepositoryName,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const found: string[] = [];
  let path: string | undefined = `/v2/${name.path}/tags/list?n=${MAX_TAGS}`;
  while (path !== undefined && found.length < MAX_TAGS) {
    const at: string = path;
    const { page, link } = await withRetries(deps, () => fetchPage(send, at, signal), signal);
    found.push(...page);
    path = page.length === 0 ? undefined : nextPage(link, name, path);
  }
  return found.slice(0, MAX_TAGS);
}

/** Only to another page of the same list; the path of one that is at another address or the same page is undefined. */
function nextPage(link: string | null, name: RepositoryName, path: string): string | undefined {
  const target = /<([^>]+)>\s*;\s*rel="?next"?/.exec(link ?? '')?.[1];
  const url = target === undefined ? null : URL.parse(target, `http://registry${path}`);
  if (!url?.pathname.endsWith(`/v2/${name.path}/tags/list`)) return undefined;
  const next = `/v2/${name.path}/tags/list${url.search}`;
  return next === path ? undefined : next;
}
