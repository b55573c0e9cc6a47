/** Secrets of this engine, sealed. */
export interface SecretRecords {
  list(): readonly SecretRecord[];
  /** By name or id. */
  find(nameOrId: string): SecretRecord | undefined;
  /** What was sealed; undefined for an unknown id. */
  sealed(id: string): Uint8Array | undefined;
  /** Durable when it returns. Errors: those of the database when the name is taken. */
  add(record: SecretRecord, sealed: Uint8Array): void;
  remove(id: string): void;
}

export interface SecretRecord {
  readonly id: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** RFC 3339. */
  readonly createdAt: string;
}
