import { isKind } from '../lib/errors.ts';
import type { ReadOptions } from './blob-reader.ts';
import { hostnameOf, isLoopback } from './endpoint.ts';
import type { RepositoryName } from './registry-client.ts';

/** Addresses of a foreign layer that may be asked: https alone, but for a registry on loopback that names loopback. */
export function foreignPlaces({ registry }: RepositoryName, urls: readonly string[]): readonly string[] {
  return urls.filter((text) => {
    const url = URL.parse(text);
    if (!url || url.username !== '' || url.password !== '') return false;
    return (
      url.protocol === 'https:' ||
      (url.protocol === 'http:' && isLoopback(hostnameOf(registry)) && isLoopback(url.hostname))
    );
  });
}

/** Reads from the first place that has it, going on where the one before ended. The last one's error counts. */
export async function* readForeign(
  read: (place: string, options: ReadOptions) => AsyncIterable<Uint8Array>,
  places: readonly string[],
  options: ReadOptions,
): AsyncGenerator<Uint8Array> {
  let offset = options.offset ?? 0;
  for (const [index, place] of places.entries()) {
    try {
      for await (const part of read(place, { ...options, offset })) {
        offset += part.byteLength;
        yield part;
      }
      return;
    } catch (error) {
      const last = index === places.length - 1;
      if (last || options.signal.aborted || !isKind(error, 'not_found', 'unavailable')) throw error;
    }
  }
}
