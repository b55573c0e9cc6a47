import type { Filters } from '../../api/filters.ts';
import type { RegistryClient, SearchResult } from '../../distribution/registry-client.ts';
import { KnownError } from '../../lib/errors.ts';
import type { RegistryService } from './service.ts';

const DEFAULT_LIMIT = 25;
const MAX_LIMIT = 100;

export function createRegistryService({ registry }: { readonly registry: RegistryClient }): RegistryService {
  return {
    login: (auth, signal) => registry.login(registryOf(auth.serveraddress ?? ''), auth, { signal }),
    async search({ term, limit = DEFAULT_LIMIT, filters, auth = {} }, signal) {
      if (limit < 1 || limit > MAX_LIMIT)
        throw new KnownError('invalid_parameter', `Limit ${limit} is outside the range of [1, ${MAX_LIMIT}]`);
      const matches = matcher(filters);
      const where = splitTerm(term);
      const results = await registry.search(where.registry, { term: where.term, limit }, auth, { signal });
      return results.filter(matches).map((row) => ({
        star_count: row.starCount,
        is_official: row.isOfficial,
        name: row.name,
        is_automated: row.isAutomated,
        description: row.description,
      }));
    },
  };
}

/** The host of an address as config.json keeps it: `https://index.docker.io/v1/`, `host:5000`, `https://host/v2/`. */
export function registryOf(address: string): string {
  const host = address.replace(/^https?:\/\//, '').split('/')[0] ?? '';
  return ['', 'docker.io', 'index.docker.io', 'registry-1.docker.io'].includes(host) ? 'docker.io' : host;
}

function splitTerm(term: string): { readonly registry: string; readonly term: string } {
  if (/^https?:\/\//.test(term))
    throw new KnownError('invalid_parameter', `invalid repository name (ex: "registry.domain.tld/myrepos")`);
  const slash = term.indexOf('/');
  const first = slash === -1 ? '' : term.slice(0, slash);
  if (!/[.:]/.test(first) && first !== 'localhost')
    return { registry: 'docker.io', term: term.replace(/^library\//, '') };
  return { registry: registryOf(first), term: term.slice(slash + 1) };
}

function matcher(filters: Filters): (row: SearchResult) => boolean {
  const official = booleanOf(filters, 'is-official');
  const automated = booleanOf(filters, 'is-automated');
  const stars = Math.max(0, ...[...(filters.get('stars') ?? [])].map(starsOf));
  return (row) =>
    (official === undefined || row.isOfficial === official) &&
    (automated === undefined || row.isAutomated === automated) &&
    row.starCount >= stars;
}

function booleanOf(filters: Filters, name: string): boolean | undefined {
  const [value] = filters.get(name) ?? [];
  if (value === undefined) return undefined;
  if (['1', 'true'].includes(value)) return true;
  if (['0', 'false'].includes(value)) return false;
  throw new KnownError('invalid_parameter', `invalid filter '${name}=[${value}]'`);
}

function starsOf(value: string): number {
  if (!/^\d{1,9}$/.test(value)) throw new KnownError('invalid_parameter', `invalid filter 'stars=[${value}]'`);
  return Number(value);
}
