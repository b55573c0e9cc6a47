/** Wire types of the Engine API 1.51: secret. Field names and shapes follow the API definition. */

export interface Secret {
  ID?: string;
  Version?: { Index?: number };
  CreatedAt?: string;
  UpdatedAt?: string;
  Spec?: { Name?: string; Labels?: Record<string, string> };
}

/** Header with which a client says that it means the secrets of this engine, not those of a swarm. */
export const LOCAL_SECRETS_HEADER = 'skiff-secrets';
export const LOCAL_SECRETS = 'local';
