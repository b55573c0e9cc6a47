import { formatPlatform } from '../../oci/platform.ts';
import { type Attested, toStatement } from './attest.ts';
import { chainOf, type PlatformResult } from './work.ts';

/** A file with a statement, beside the files that it speaks of. */
export interface StatementFile {
  readonly name: string;
  readonly content: string;
}

/**
 * What is attested of a target's files, as BuildKit writes it beside them (exporter/local): each regular file is a subject by its path. `split`
 * false: the platform is part of the names.
 */
export async function statementFiles(
  { work, layers }: PlatformResult,
  attested: readonly Attested[],
  split: boolean,
  signal: AbortSignal,
): Promise<readonly StatementFile[]> {
  if (attested.length === 0) return [];
  const { deps, platform } = work;
  const tree = { kind: 'layers', lower: deps.layers.lowerOf(chainOf(layers)) } as const;
  const entries = await deps.files.index(tree, ['/'], { hash: true }, signal);
  const hashes = new Map(entries.map(({ path, hash }) => [path, hash]));
  const subject = entries
    .filter(({ type }) => type === 'file')
    .map(({ path, hash, sameAs }) => ({
      name: path.replace(/^\//, ''),
      digest: { sha256: hash || hashes.get(sameAs) || '' },
    }));
  return attested.map((one) => ({
    name: split ? one.name : named(one.name, formatPlatform(platform)),
    content: JSON.stringify(toStatement(one, subject), undefined, 2),
  }));
}

/** `provenance.json` of linux/amd64 is `provenance.linux_amd64.json`. */
function named(name: string, platform: string): string {
  return name.replace(/(\.[^.]*)?$/, (extension) => `.${platform.replaceAll('/', '_')}${extension}`);
}
