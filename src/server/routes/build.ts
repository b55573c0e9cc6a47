import { SESSION_PROTOCOL } from '../../api/build-session/messages.ts';
import { parseFilters } from '../../api/filters.ts';
import { type BuildOutput, createClassicProgress } from '../../engine/build/classic-progress.ts';
import { CommandFailed, needsBuildKit, notYet } from '../../engine/build/errors.ts';
import { CACHE_FILTERS } from '../../engine/build/prune-cache.ts';
import type { BuildRequest, BuildService, SessionCallbacks } from '../../engine/build/service.ts';
import type { RegistryAuth } from '../../engine/image/service.ts';
import { KnownError, messageOf } from '../../lib/errors.ts';
import type { KeptContexts } from '../../linux/build/kept-contexts.ts';
import { parsePlatform } from '../../oci/platform.ts';
import { parseReference } from '../../oci/reference.ts';
import { serveBuildSession } from '../build-session/serve.ts';
import { type AnswerStream, type Call, flag, type Route } from '../route.ts';
import { jsonOf, limitsOf, listOf } from './build-query.ts';

/** `POST /build` of clients without BuildKit and of our own, and the cache. */
export function buildRoutes(builds: BuildService, kept: KeptContexts): readonly Route[] {
  return [
    {
      method: 'POST',
      path: '/build',
      handle: async (call) =>
        call.query.get('version') === SESSION_PROTOCOL
          ? await serveBuildSession(call, { builds, kept, limitsOf })
          : await build(call, builds),
    },
    { method: 'POST', path: '/build/cancel', handle: async (call) => cancel(call, builds) },
    { method: 'POST', path: '/build/prune', since: '1.31', handle: async (call) => await pruneCache(call, builds) },
  ];
}

/** Ends the build that was given this `buildid`; as Docker has it, one that is not there is fine. */
function cancel(call: Call, builds: BuildService): void {
  const id = call.query.get('id') ?? '';
  if (id === '') throw new KnownError('system', 'build ID not provided');
  builds.cancel(id);
  call.answerEmpty(200);
}

async function pruneCache(call: Call, builds: BuildService): Promise<void> {
  const { query } = call;
  const { deleted, reclaimedBytes } = await builds.pruneCache({
    all: flag(query, 'all'),
    space: {
      // two names, of API 1.31 and 1.48
      reservedBytes: Math.max(bytesOf(query, 'keep-storage'), bytesOf(query, 'reserved-space')),
      maxUsedBytes: bytesOf(query, 'max-used-space'),
      minFreeBytes: bytesOf(query, 'min-free-space'),
    },
    filters: parseFilters(query.get('filters'), CACHE_FILTERS),
  });
  call.answerJson(200, { CachesDeleted: deleted, SpaceReclaimed: reclaimedBytes });
}

function bytesOf(query: URLSearchParams, name: string): number {
  const text = query.get(name) || '0';
  if (!/^\d+$/.test(text))
    throw new KnownError('invalid_parameter', `${name} is in bytes and expects an integer, got ${text}`);
  return Number(text);
}

/** What fails before anything is told is a status; what fails later is a message of the stream. */
async function build(call: Call, builds: BuildService): Promise<void> {
  const request = parseRequest(call);
  let answer: AnswerStream | undefined;
  const open = (): AnswerStream => (answer ??= call.answerStream(200, 'application/json'));
  const quiet = flag(call.query, 'q');
  const progress = createClassicProgress(quiet ? QUIET : toldTo(open));
  try {
    const { imageId: id } = await builds.build(request, progress, call.signal);
    if (quiet) open().object({ stream: `${id}\n` });
  } catch (error) {
    if (!answer) throw error;
    const message = messageOf(error);
    const code = error instanceof CommandFailed ? { code: error.exitCode } : {};
    answer.object({ errorDetail: { ...code, message }, error: message });
  }
  open().end();
}

const QUIET: BuildOutput = { text: () => undefined, image: () => undefined, progress: () => undefined };

function toldTo(open: () => AnswerStream): BuildOutput {
  return {
    text: (stream) => open().object({ stream }),
    image: (id) => open().object({ aux: { ID: id } }),
    progress: (message) => open().object(message),
  };
}

const UNSUPPORTED = ['session', 'outputs'] as const;

function parseRequest(call: Call): BuildRequest {
  const { query } = call;
  if (query.get('version') === '2') throw needsBuildKit('version=2');
  for (const name of UNSUPPORTED) {
    const value = query.get(name) ?? '';
    if (value !== '' && value !== '[]' && value !== 'null') throw notYet(`the option ${name}=${value}`);
  }
  const isolation = query.get('isolation') ?? '';
  if (isolation !== '' && isolation.toLowerCase() !== 'default')
    throw new KnownError('invalid_parameter', `unsupported isolation: ${JSON.stringify(isolation)}`);
  if (flag(query, 'squash'))
    throw new KnownError('invalid_parameter', 'squash is only supported with experimental mode');
  const platform = query.get('platform') ?? '';
  return {
    source: query.get('remote')
      ? { kind: 'remote', url: query.get('remote') ?? '' }
      : { kind: 'tar', archive: call.body },
    dockerfile: query.get('dockerfile') || 'Dockerfile',
    id: query.get('buildid') ?? '',
    outputs: [{ kind: 'image', names: query.getAll('t').filter(Boolean).map(checkedName), push: false }],
    annotations: [],
    attestations: { provenance: undefined, sbom: undefined },
    cacheFrom: listOf(query, 'cachefrom').map((name) => ({ kind: 'registry', reference: cacheName(name) })),
    cacheTo: [],
    contexts: [],
    target: query.get('target') ?? '',
    buildArgs: textsOf(query, 'buildargs'),
    labels: textsOf(query, 'labels'),
    platforms: platform === '' ? [] : [parsePlatform(platform, { os: 'linux', architecture: 'amd64' })],
    noCache: flag(query, 'nocache') ? 'all' : [],
    pull: flag(query, 'pull'),
    session: classicSession(parseAuths(call.headers['x-registry-config'])),
    hostConfig: limitsOf(query),
    entitlements: new Set(),
  };
}

/** Clients without BuildKit give their credentials along and are asked for nothing. */
function classicSession(auths: Readonly<Record<string, RegistryAuth>>): SessionCallbacks {
  const refuse = async (): Promise<never> => {
    throw notYet('an output to the client');
  };
  return {
    secret: async () => undefined,
    sshAgent: async () => undefined,
    authFor: async (name) => auths[name],
    receive: refuse,
    receiveCache: refuse,
  };
}

/** An image that may hold a cache. Errors: invalid_parameter. */
function cacheName(name: unknown): string {
  if (typeof name !== 'string') throw new KnownError('invalid_parameter', 'cachefrom must be an array of names');
  return checkedName(name);
}

/** Errors: invalid_parameter before the context is read. */
function checkedName(name: string): string {
  parseReference(name);
  return name;
}

/** A JSON object of texts; a null is no value. */
function textsOf(query: URLSearchParams, name: string): Readonly<Record<string, string>> {
  const value = jsonOf(query, name) ?? {};
  if (typeof value !== 'object' || Array.isArray(value))
    throw new KnownError('invalid_parameter', `${name} must be an object`);
  return Object.fromEntries(
    Object.entries(value).filter((pair): pair is [string, string] => typeof pair[1] === 'string'),
  );
}

/** Names of HostConfig by those of the query. */
/** The `X-Registry-Config` header: base64 of a JSON object, credentials by registry. What cannot be decoded is no credentials. */
function parseAuths(header: string | string[] | undefined): Readonly<Record<string, RegistryAuth>> {
  if (typeof header !== 'string' || header === '') return {};
  try {
    const parsed: unknown = JSON.parse(Buffer.from(header, 'base64url').toString('utf8'));
    if (typeof parsed !== 'object' || parsed === null) return {};
    return Object.fromEntries(Object.entries(parsed).map(([name, auth]) => [hostOf(name), auth as RegistryAuth]));
  } catch {
    return {};
  }
}

function hostOf(name: string): string {
  const host = name.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
  return host === 'index.docker.io' ? 'docker.io' : host;
}
