import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { errnoOf, messageOf } from '../../lib/errors.ts';
import { parseCdiSpec } from '../../oci/cdi/cdi-spec.ts';
import { type CdiRegistry, type FoundSpec, toRegistry } from '../../oci/cdi/registry.ts';

const MAX_BYTES = 4 * 1024 * 1024;

/** Reads every `.json` and `.yaml` file of the folders; a later folder stands in front. What cannot be read is a problem of the registry. */
export function readCdiRegistry(folders: readonly string[]): CdiRegistry {
  const found: FoundSpec[] = [];
  const problems: string[] = [];
  for (const [priority, folder] of folders.entries()) {
    for (const name of namesIn(folder, problems)) {
      const path = join(folder, name);
      try {
        if (statSync(path).size > MAX_BYTES) throw new Error('more than 4 MiB');
        const text = readFileSync(path, 'utf8');
        found.push({ priority, path, spec: parseCdiSpec(name.endsWith('.json') ? JSON.parse(text) : parse(text)) });
      } catch (error) {
        problems.push(`${path}: ${messageOf(error)}`);
      }
    }
  }
  return toRegistry(found, problems);
}

function namesIn(folder: string, problems: string[]): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((name) => /\.(?:json|yaml)$/.test(name))
      .toSorted();
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') problems.push(`${folder}: ${messageOf(error)}`);
    return [];
  }
}
