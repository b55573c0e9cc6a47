import type { Call, Reply } from '../call.ts';
import { parseRepositoryName } from '../name.ts';
import type { Registry } from '../registry.ts';
import { RegistryError } from '../registry-error.ts';
import type { Match } from '../routes/route.ts';
import { layout } from './layout.ts';
import { listRepositories } from './list-repositories.ts';
import { listTags } from './list-tags.ts';

export interface PageDeps {
  readonly registry: Registry;
  /** http.host, else what the browser calls this server. */
  readonly host: string | undefined;
  readonly nameLength: number;
}

/** `/` for browsers: repositories; with `?repository=NAME`, its tags, platforms, sizes, layers and the command that pulls. */
export function createPage(deps: PageDeps): (method: string, path: string) => Match | undefined {
  return (method, path) => {
    if (path !== '/' || (method !== 'GET' && method !== 'HEAD')) return undefined;
    return { route: 'page', access: { kind: 'catalog' }, writes: false, run: async (call) => await show(deps, call) };
  };
}

async function show({ registry, host, nameLength }: PageDeps, call: Call): Promise<Reply> {
  const server = host?.replace(/^https?:\/\//, '') ?? call.headers.get('host') ?? 'localhost';
  const repository = call.query.get('repository');
  const last = call.query.get('last') ?? undefined;
  if (repository === null) {
    const search = (call.query.get('search') ?? '').trim();
    return layout(server, 'Repositories', await listRepositories(registry.manifests, server, { search, last }));
  }
  const name = parseRepositoryName(repository, nameLength);
  if (!(await call.may({ kind: 'repository', name, actions: ['pull'] })))
    throw new RegistryError('DENIED', 'requested access to the resource is denied');
  return layout(server, name, await listTags(registry, server, name, last));
}
