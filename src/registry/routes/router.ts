import { type Action, type Call, json } from '../call.ts';
import { parseContentDigest, parseRepositoryName } from '../name.ts';
import { RegistryError } from '../registry-error.ts';
import { deleteBlob, getBlob } from './blob.ts';
import { listCatalog } from './catalog.ts';
import { deleteManifest, getManifest, putManifest } from './manifest.ts';
import { listReferrers } from './referrers.ts';
import type { Match, RouteDeps, RouteName } from './route.ts';
import { listTags } from './tags.ts';
import { cancelUpload, finishUpload, patchUpload, showUpload, startUpload } from './upload.ts';

/** The name may hold the words that follow it, so the last one of them counts. */
const BELOW = /^\/v2\/(.+)\/(manifests|blobs|tags|referrers)\/(.*)$/;

/** Methods other than these are UNSUPPORTED. HEAD is taken wherever GET is. */
type Verbs = Readonly<Partial<Record<string, Match['run']>>>;

/**
 * Finds who answers; undefined when the path is not of this API.
 * Errors: NAME_INVALID, DIGEST_INVALID, UNSUPPORTED.
 */
export function matchRoute(deps: RouteDeps, method: string, path: string): Match | undefined {
  if (path === '/v2/' || path === '/v2') return base(method);
  if (path === '/v2/_catalog') return catalog(deps, method);
  const found = BELOW.exec(path);
  if (!found) return undefined;
  const [, name = '', noun, rest = ''] = found;
  const repository = parseRepositoryName(decode(name), deps.limits.nameLength);
  const [route, verbs] = verbsOf(deps, repository, noun ?? '', decode(rest)) ?? [];
  if (route === undefined || verbs === undefined) return undefined;
  const run = pick(verbs, method);
  const access = { kind: 'repository', name: repository, actions: actionsOf(route, method) } as const;
  return { route, access, writes: !isRead(method), run };
}

function verbsOf(
  deps: RouteDeps,
  repository: string,
  noun: string,
  rest: string,
): readonly [RouteName, Verbs] | undefined {
  if (noun === 'tags') return rest === 'list' ? ['tags', { GET: listTags(deps, repository) }] : undefined;
  if (noun === 'referrers') return ['referrers', { GET: listReferrers(deps, repository, parseContentDigest(rest)) }];
  if (noun === 'manifests') return ['manifest', manifestVerbs(deps, repository, rest)];
  if (rest === 'uploads/' || rest === 'uploads') return ['uploads', { POST: startUpload(deps, repository) }];
  if (rest.startsWith('uploads/')) return ['upload', uploadVerbs(deps, repository, rest.slice('uploads/'.length))];
  const digest = parseContentDigest(rest);
  return ['blob', { GET: getBlob(deps, repository, digest), DELETE: deleteBlob(deps, repository, digest) }];
}

function manifestVerbs(deps: RouteDeps, repository: string, reference: string): Verbs {
  return {
    GET: getManifest(deps, repository, reference),
    PUT: putManifest(deps, repository, reference),
    DELETE: deleteManifest(deps, repository, reference),
  };
}

function uploadVerbs(deps: RouteDeps, repository: string, id: string): Verbs {
  return {
    GET: showUpload(deps, repository, id),
    PATCH: patchUpload(deps, repository, id),
    PUT: finishUpload(deps, repository, id),
    DELETE: cancelUpload(deps, repository, id),
  };
}

function base(method: string): Match {
  const run = pick({ GET: async () => json(200, {}) }, method);
  return { route: 'base', access: { kind: 'none' }, writes: false, run };
}

function catalog(deps: RouteDeps, method: string): Match {
  return {
    route: 'catalog',
    access: { kind: 'catalog' },
    writes: false,
    run: pick({ GET: listCatalog(deps) }, method),
  };
}

function pick(verbs: Verbs, method: string): (call: Call) => ReturnType<Match['run']> {
  const run = verbs[method === 'HEAD' ? 'GET' : method];
  if (run) return run;
  const allowed = Object.keys(verbs).flatMap((verb) => (verb === 'GET' ? ['GET', 'HEAD'] : [verb]));
  throw new RegistryError('UNSUPPORTED', 'the operation is unsupported', { headers: { Allow: allowed.join(', ') } });
}

function actionsOf(route: RouteName, method: string): readonly Action[] {
  if (route === 'upload' || route === 'uploads') return ['pull', 'push'];
  if (isRead(method)) return ['pull'];
  return method === 'DELETE' ? ['delete'] : ['pull', 'push'];
}

function isRead(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}

function decode(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch (error) {
    throw new RegistryError('NAME_INVALID', 'the path is not valid percent-encoding', { cause: error });
  }
}
