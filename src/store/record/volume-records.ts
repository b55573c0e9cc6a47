/** Volumes and who uses them, durable. */
export interface VolumeRecords {
  list(): readonly VolumeRecord[];
  get(name: string): VolumeRecord | undefined;
  add(record: VolumeRecord): void;
  remove(name: string): void;
  users(name: string): readonly string[];
  use(name: string, containerId: string): void;
  release(containerId: string): void;
  /** Every container that uses any volume. */
  allUsers(): readonly string[];
}

export interface VolumeRecord {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly createdAt: string;
}
