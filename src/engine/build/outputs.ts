import type { BuildRequest } from './service.ts';

/** The names that the image gets in the store. */
export function namesOf({ outputs }: Pick<BuildRequest, 'outputs'>): readonly string[] {
  return [...new Set(outputs.flatMap((output) => (output.kind === 'image' ? output.names : [])))];
}
