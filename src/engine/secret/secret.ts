import type { Secret } from '../../api/types/secret.ts';

/** Secrets of this engine, without a swarm: sealed on disk, files on a tmpfs in containers that ask for them, nowhere else. */
export interface SecretService {
  /** Resolves with the id. Errors: invalid_parameter; conflict when the name is taken. */
  create(request: {
    readonly name: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly value: Uint8Array;
  }): Promise<string>;
  /** By `id`, `name` and `label`; a name or id matches by its beginning. */
  list(filters: ReadonlyMap<string, readonly string[]>): readonly Secret[];
  /** By name or id; never the value. Errors: not_found. */
  inspect(name: string): Secret;
  /** Errors: not_found; invalid_parameter when a container has it. */
  remove(name: string): Promise<void>;
  has(name: string): boolean;
  /** The value, for a container's file. Errors: not_found; data_loss. */
  reveal(name: string): Uint8Array;
}
