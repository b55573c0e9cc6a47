/** Folders that `RUN --mount=type=cache` keeps, by their ids; durable. Their files are in a folder of that name. */
export interface CacheMounts {
  /** Notes a use, now. */
  use(mount: { readonly name: string; readonly id: string }): void;
  /** Those used longest ago first. */
  list(): readonly CacheMountEntry[];
  remove(name: string): void;
}

export interface CacheMountEntry {
  readonly name: string;
  readonly id: string;
  readonly createdAtMs: number;
  readonly usedAtMs: number;
  readonly uses: number;
}
