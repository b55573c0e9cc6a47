import type { Flag } from '../../../lib/flags/flag.ts';

/** What `create` and `update` have in common. */
export const ENDPOINT_FLAGS: readonly Flag[] = [
  { name: 'description', kind: 'string', description: 'Description of the context' },
  { name: 'docker', kind: 'list', placeholder: 'stringToString', description: 'set the docker endpoint (default [])' },
];

/** Warns who has just chosen a context that DOCKER_HOST outdoes. `use`: as Docker words it. */
export function overrideWarning(use: string): string {
  return `Warning: DOCKER_HOST environment variable overrides the active context. To use ${use}, either set the global --context flag, or unset DOCKER_HOST environment variable.\n`;
}
