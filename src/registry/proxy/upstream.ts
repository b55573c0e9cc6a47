import { messageOf } from '../../lib/errors.ts';
import { DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST } from '../../oci/media-type.ts';
import type { ContentDigest } from '../name.ts';
import { RegistryError } from '../registry-error.ts';

/** Another registry, read on behalf of our clients. Undefined: it does not have that. Errors: UNAVAILABLE, DENIED, TOOMANYREQUESTS. */
export interface Upstream {
  /** The digest a tag stands for. */
  resolve(repository: string, tag: string): Promise<string | undefined>;
  manifest(
    repository: string,
    digest: ContentDigest,
  ): Promise<{ readonly bytes: Uint8Array; readonly contentType: string } | undefined>;
  blob(repository: string, digest: ContentDigest): Promise<AsyncIterable<Uint8Array> | undefined>;
}

export interface UpstreamOptions {
  /** `https://registry-1.docker.io` */
  readonly url: string;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly maxManifestBytes: number;
}

const ACCEPT = [OCI_INDEX, DOCKER_LIST, OCI_MANIFEST, DOCKER_MANIFEST].join(', ');
const HEAD_TIMEOUT_MS = 30_000;
const MAX_REDIRECTS = 5;

export function createUpstream({ url, username, password, maxManifestBytes }: UpstreamOptions): Upstream {
  const basic =
    username === undefined ? undefined : `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}`;
  /** Authorization that worked last, by repository. */
  const known = new Map<string, string>();

  async function ask(repository: string, path: string, init: RequestInit): Promise<Response | undefined> {
    const send = async (authorization: string | undefined): Promise<Response> => {
      const headers = {
        ...(init.headers as Record<string, string>),
        ...(authorization ? { Authorization: authorization } : {}),
      };
      return await follow(`${url}/v2/${repository}/${path}`, { ...init, headers });
    };
    let response = await send(known.get(repository));
    if (response.status === 401) {
      await response.body?.cancel();
      const fresh = await authorize(response.headers.get('www-authenticate') ?? '', repository);
      if (known.size >= MAX_KNOWN) known.clear();
      known.set(repository, fresh);
      response = await send(fresh);
    }
    if (response.ok) return response;
    await response.body?.cancel();
    if (response.status === 404) return undefined;
    throw refusal(response);
  }

  /** Errors: DENIED when the upstream asks for what we do not have. */
  async function authorize(challenge: string, repository: string): Promise<string> {
    if (/^basic/i.test(challenge) && basic) return basic;
    const field = (name: string): string | undefined => new RegExp(`${name}="([^"]*)"`, 'i').exec(challenge)?.[1];
    const realm = field('realm');
    if (!/^bearer/i.test(challenge) || !realm || !URL.canParse(realm)) throw denied();
    const address = new URL(realm);
    if (address.protocol !== 'https:' && url.startsWith('https:')) throw denied();
    const service = field('service');
    if (service) address.searchParams.set('service', service);
    address.searchParams.set('scope', `repository:${repository}:pull`);
    const response = await reach(address.href, {
      headers: basic ? { Authorization: basic } : {},
      signal: AbortSignal.timeout(HEAD_TIMEOUT_MS),
    });
    const { token, access_token: accessToken } = (response.ok ? await response.json() : {}) as {
      token?: string;
      access_token?: string;
    };
    const value = token ?? accessToken;
    if (!value) throw denied();
    return `Bearer ${value}`;
  }

  return {
    async resolve(repository, tag) {
      const init = { method: 'HEAD', headers: { Accept: ACCEPT }, signal: AbortSignal.timeout(HEAD_TIMEOUT_MS) };
      const response = await ask(repository, `manifests/${tag}`, init);
      return response?.headers.get('docker-content-digest') ?? undefined;
    },
    async manifest(repository, digest) {
      const init = { headers: { Accept: ACCEPT }, signal: AbortSignal.timeout(HEAD_TIMEOUT_MS) };
      const response = await ask(repository, `manifests/${digest}`, init);
      if (response === undefined) return undefined;
      const chunks: Uint8Array[] = [];
      let size = 0;
      for await (const chunk of bodyOf(response)) {
        size += chunk.length;
        if (size > maxManifestBytes) throw new RegistryError('UNAVAILABLE', 'the upstream’s manifest is too large');
        chunks.push(chunk);
      }
      return { bytes: new Uint8Array(Buffer.concat(chunks)), contentType: response.headers.get('content-type') ?? '' };
    },
    async blob(repository, digest) {
      const response = await ask(repository, `blobs/${digest}`, {});
      return response && bodyOf(response);
    },
  };
}

const MAX_KNOWN = 10_000;

/** Redirects lead to storage elsewhere, which must not see our credentials. */
async function follow(address: string, init: RequestInit): Promise<Response> {
  let response = await reach(address, { ...init, redirect: 'manual' });
  let at = address;
  for (let hops = 0; REDIRECTS.has(response.status) && hops < MAX_REDIRECTS; hops++) {
    await response.body?.cancel();
    at = new URL(response.headers.get('location') ?? '', at).href;
    const { Authorization: own, ...others } = init.headers as Record<string, string>;
    const same = own !== undefined && new URL(at).origin === new URL(address).origin;
    response = await reach(at, {
      ...init,
      redirect: 'manual',
      headers: same ? { ...others, Authorization: own } : others,
    });
  }
  return response;
}

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

async function reach(address: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(address, init);
  } catch (error) {
    throw new RegistryError('UNAVAILABLE', 'the upstream registry cannot be reached', { cause: messageOf(error) });
  }
}

function bodyOf(response: Response): AsyncIterable<Uint8Array> {
  return (response.body ?? new Response('').body) as unknown as AsyncIterable<Uint8Array>;
}

function refusal({ status, headers }: Response): RegistryError {
  if (status === 401 || status === 403) return denied();
  const retry = headers.get('retry-after');
  if (status === 429)
    return new RegistryError('TOOMANYREQUESTS', 'the upstream registry limits requests', {
      headers: retry ? { 'Retry-After': retry } : {},
    });
  return new RegistryError('UNAVAILABLE', `the upstream registry answered ${status}`);
}

function denied(): RegistryError {
  return new RegistryError('DENIED', 'the upstream registry refuses access');
}
