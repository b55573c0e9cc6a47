import { json } from '../call.ts';
import { cutPage, linkHeader, parsePage } from './page.ts';
import type { Match, RouteDeps } from './route.ts';

/** Names of all repositories. Not of the spec: the CNCF registry's `_catalog`. Without `n`, a page of the largest size. */
export function listCatalog({ registry, limits, locate }: RouteDeps): Match['run'] {
  return async (call) => {
    const asked = parsePage(call, limits.pageSize);
    const page = { ...asked, n: asked.n ?? limits.pageSize };
    const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
    const { entries, more } = cutPage(await registry.manifests.repositories(), page, compare);
    return json(200, { repositories: entries }, more ? linkHeader(locate('/v2/_catalog'), page.n, entries) : {});
  };
}
