import { createHash } from 'node:crypto';
import type { ImageServiceDeps } from './deps.ts';
import { distribution } from './distribution.ts';
import { createFlights } from './flights.ts';
import { history } from './history.ts';
import { importTar } from './import.ts';
import { importUrl } from './import-url.ts';
import { inspect } from './inspect.ts';
import { list } from './list.ts';
import { load } from './load.ts';
import { prune } from './prune.ts';
import type { PullRequest } from './pull.ts';
import { pull } from './pull.ts';
import { push } from './push.ts';
import { remove } from './remove.ts';
import { save } from './save.ts';
import type { ImageService } from './service.ts';
import { tag } from './tag.ts';

export function createImageService(deps: ImageServiceDeps): ImageService {
  const flights = createFlights();
  return {
    pull: (request, progress, signal) =>
      flights.run(flightKey(request), (all, shared) => pull(deps, request, all, shared), progress, signal),
    push: (request, progress, signal) => push(deps, request, progress, signal),
    load: (archive, progress, signal, platforms) => load(deps, archive, progress, signal, platforms),
    importTar: (archive, request, signal) => importTar(deps, archive, request, signal),
    importUrl: (source, request, progress, signal) => importUrl(deps, source, request, progress, signal),
    save: (names, signal, platforms) => save(deps, names, signal, platforms),
    distribution: (reference, auth, signal) => distribution(deps, reference, auth, signal),
    tag: async (name, repository, newTag) => await tag(deps, name, repository, newTag),
    list: (options) => list(deps, options),
    inspect: (name, options) => inspect(deps, name, options),
    history: (name, platform) => history(deps, name, platform),
    remove: (name, options) => remove(deps, name, options),
    prune: (filters) => prune(deps, filters),
  };
}

/** Identical pulls share one flight; other credentials are another pull. Secrets are hashed, not kept as keys. */
function flightKey(request: PullRequest): string {
  const { reference, platform = '', allTags = false, auth = {} } = request;
  const secret = JSON.stringify(Object.entries(auth).sort(([a], [b]) => (a < b ? -1 : 1)));
  return createHash('sha256')
    .update(JSON.stringify([reference, platform, allTags, secret]))
    .digest('hex');
}
