import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../../lib/errors.ts';
import type { CompiledFilters } from './compiled-filters.ts';

const ANNOTATION = 'run.oci.seccomp_bpf_data';

/** Profiles kept at most; another one more starts anew. */
const KEPT = 64;

/** `stateRoots`: the state folder by runtime, of those that take a ready filter. */
export function createCompiledFilters(stateRoots: Readonly<Record<string, string>>): CompiledFilters {
  const filters = new Map<string, string>();
  return {
    apply(runtime, spec) {
      const filter = spec.linux?.seccomp && stateRoots[runtime] && filters.get(JSON.stringify(spec.linux.seccomp));
      return filter ? { ...spec, annotations: { ...spec.annotations, [ANNOTATION]: filter } } : spec;
    },
    learn(runtime, containerId, spec) {
      const root = stateRoots[runtime];
      if (!root || !spec.linux?.seccomp) return;
      const profile = JSON.stringify(spec.linux.seccomp);
      if (filters.has(profile)) return;
      try {
        const filter = readFileSync(join(root, containerId, 'seccomp.bpf'));
        if (filters.size >= KEPT) filters.clear();
        // struct sock_filter has 8 bytes (seccomp(2)); anything else is not finished.
        if (filter.length > 0 && filter.length % 8 === 0) filters.set(profile, filter.toString('base64'));
      } catch (error) {
        if (errnoOf(error) !== 'ENOENT') throw error; // it has ended already
      }
    },
  };
}
