/** Volumes and who uses them, durable. */
export interface VolumeRecords {
  list(): readonly VolumeRecord[];
  get(name: string): VolumeRecord | undefined;
  /** With a container that uses it, both or neither are kept. */
  add(record: VolumeRecord, usedBy?: string): void;
  /** Replaces a record; `from` is its name so far. Users stay. */
  replace(from: string, record: VolumeRecord): void;
  remove(name: string): void;
  users(name: string): readonly string[];
  use(name: string, containerId: string): void;
  release(containerId: string): void;
  /** Every container that uses any volume. */
  allUsers(): readonly string[];
}

export interface VolumeRecord {
  readonly name: string;
  /** Absent: `local`. */
  readonly driver?: string;
  readonly options?: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  /** RFC 3339. */
  readonly createdAt: string;
  /** Its folder is being renamed to that; the record follows. */
  readonly renamingTo?: string;
  /** Its folder is still the draft of that id, whole. */
  readonly draft?: string;
}
