import { KnownError } from '../lib/errors.ts';
import type { Route } from './route.ts';

export const API_VERSION = '1.51';
export const MIN_API_VERSION = '1.24';
/** Answered all the same: skopeo as Debian 12 has it asks for this version without a question first. */
const OLDEST_ANSWERED = '1.22';

export interface Match {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

/** Finds the route of a method and a path without version prefix; undefined: page not found. */
export type Router = (method: string, path: string) => Match | undefined;

export function createRouter(routes: readonly Route[]): Router {
  const table = routes.map((route) => ({ route, pattern: toPattern(route.path) }));
  return (method, path) => {
    for (const { route, pattern } of table) {
      if (route.method !== method) continue;
      const groups = pattern.exec(path)?.groups;
      if (groups)
        return {
          route,
          params: Object.fromEntries(Object.entries(groups).map(([name, value]) => [name, decode(value)])),
        };
    }
    return undefined;
  };
}

function toPattern(path: string): RegExp {
  const source = path.replace(/\{(\w+)(\*?)\}/g, (whole, name: string, star: string) => {
    const last = path.endsWith(whole);
    return `(?<${name}>${star !== '' || !last ? '.+' : '[^/]+'})`;
  });
  return new RegExp(`^${source}/?(?<_>)$`);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    throw new KnownError('invalid_parameter', 'invalid URL escape in path', { cause: error });
  }
}

/** Splits `/v1.43/x` into version and `/x`. Errors: invalid_parameter in Docker's words for versions too old or too new. */
export function splitVersion(
  path: string,
  lowest = MIN_API_VERSION,
): { readonly version: string; readonly rest: string } {
  const [, version, rest] = /^\/v(\d+\.\d+)(\/.*)$/.exec(path) ?? [];
  if (version === undefined || rest === undefined) return { version: API_VERSION, rest: path };
  if (compare(version, lowest === MIN_API_VERSION ? OLDEST_ANSWERED : lowest) < 0) {
    throw new KnownError(
      'invalid_parameter',
      `client version ${version} is too old. Minimum supported API version is ${lowest}, please upgrade your client to a newer version`,
    );
  }
  if (compare(version, API_VERSION) > 0) {
    throw new KnownError(
      'invalid_parameter',
      `client version ${version} is too new. Maximum supported API version is ${API_VERSION}`,
    );
  }
  return { version, rest };
}

/** Orders versions like `1.9` < `1.10`. */
export function compare(a: string, b: string): number {
  const [[majorA = 0, minorA = 0], [majorB = 0, minorB = 0]] = [a, b].map((text) => text.split('.').map(Number)) as [
    number[],
    number[],
  ];
  return majorA - majorB || minorA - minorB;
}
