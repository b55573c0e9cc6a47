import type { NewImage } from './archive.ts';

/** How to make one base image. */
export interface Recipe {
  readonly name: string;
  /** Fetches what is needed. `packages`: every package that went in, with its version. Errors: not_found, system. */
  make(): { readonly image: NewImage; readonly packages: Readonly<Record<string, string>> };
  /** The versions these packages would go in with today, by name; without those that are not to be had. */
  currentVersions(names: readonly string[]): ReadonlyMap<string, string>;
}

/** `1:1.35.0-4+deb12u1` -> `1.35.0`: the version the program's makers gave it. */
export function upstreamVersion(debian: string): string {
  return debian
    .replace(/^\d+:/, '')
    .replace(/-[^-]*$/, '')
    .replace(/[+~].*$/, '');
}
