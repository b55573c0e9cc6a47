import { json } from '../call.ts';
import { compareTags } from '../name.ts';
import { cutPage, linkHeader, parsePage } from './page.ts';
import type { Match, RouteDeps } from './route.ts';

/** Spec, "Listing Tags" (end-8). */
export function listTags({ registry, limits, locate }: RouteDeps, repository: string): Match['run'] {
  return async (call) => {
    const page = parsePage(call, limits.pageSize);
    const { entries, more } = cutPage(await registry.manifests.tags(repository), page, compareTags);
    const link = more && page.n !== undefined ? linkHeader(locate(`/v2/${repository}/tags/list`), page.n, entries) : {};
    return json(200, { name: repository, tags: entries }, link);
  };
}
