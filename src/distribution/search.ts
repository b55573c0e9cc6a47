import { KnownError } from '../lib/errors.ts';
import type { RegistryCredentials, SearchResult } from './registry-client.ts';
import { RegistryError } from './registry-error.ts';
import type { RequestDeps } from './request.ts';
import { createAuthorizedSend } from './request.ts';
import { readBody } from './transport.ts';

const HUB_INDEX = 'https://index.docker.io';
const MAX_BYTES = 4 << 20;
const MAX_TEXT = 1000;

/** See RegistryClient.search: version 1 of the registry protocol, which is where search is (Docker Hub and some others). */
export async function search(
  deps: RequestDeps,
  registry: string,
  query: { readonly term: string; readonly limit: number },
  credentials: RegistryCredentials,
  signal: AbortSignal,
): Promise<readonly SearchResult[]> {
  const send = createAuthorizedSend(deps, { registry, path: '' }, credentials, []);
  const address = registry === 'docker.io' ? HUB_INDEX : '';
  const parameters = new URLSearchParams({ q: query.term, n: String(query.limit) });
  const path = `${address}/v1/search?${parameters.toString()}`;
  const response = await send({ path, signal }).catch((error: unknown) => {
    if (!(error instanceof RegistryError) || error.kind === 'unauthorized') throw error;
    throw new KnownError('unavailable', `Unexpected status code ${error.status}`, { cause: error });
  });
  const body = Buffer.from(await readBody(response, MAX_BYTES)).toString();
  return parseResults(body).slice(0, query.limit);
}

function parseResults(body: string): readonly SearchResult[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch (error) {
    throw new KnownError('unavailable', 'the registry did not answer the search with JSON', { cause: error });
  }
  const rows = new Map<string, unknown>(Object.entries(parsed ?? {})).get('results');
  if (!Array.isArray(rows)) throw new KnownError('unavailable', 'the registry answered the search without results');
  return rows.flatMap((row: unknown) => {
    const fields = new Map<string, unknown>(Object.entries(row ?? {}));
    const [name, description, stars] = [fields.get('name'), fields.get('description'), fields.get('star_count')];
    if (typeof name !== 'string' || name === '') return [];
    return [
      {
        name: name.slice(0, MAX_TEXT),
        description: typeof description === 'string' ? description.slice(0, MAX_TEXT) : '',
        starCount: typeof stars === 'number' && Number.isSafeInteger(stars) ? stars : 0,
        isOfficial: fields.get('is_official') === true,
        isAutomated: fields.get('is_automated') === true,
      },
    ];
  });
}
