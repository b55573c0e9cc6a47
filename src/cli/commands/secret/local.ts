import { LOCAL_SECRETS, LOCAL_SECRETS_HEADER } from '../../../api/types/secret.ts';

/** Says that the engine's own secrets are meant. */
export const LOCAL = { headers: { [LOCAL_SECRETS_HEADER]: LOCAL_SECRETS } } as const;

/** The path of a secret's resource, its name escaped. */
export function secretPath(name: string): string {
  return `/secrets/${encodeURIComponent(name)}`;
}
