import { cloneRepository } from './clone-repository.host.ts';
import { createFetcher } from './fetch-url.host.ts';
import type { RemoteSources } from './remote-sources.ts';

/** `root`: where answers of URLs are kept, to ask only whether they are still the same. */
export function createRemoteSources({ root }: { readonly root: string }): RemoteSources {
  return { fetch: createFetcher(root), clone: cloneRepository };
}
