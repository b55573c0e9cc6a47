/** The volumes' directories: `<root>/<name>/_data`. */
export interface VolumeFiles {
  path(name: string): string;
  make(name: string): void;
  /** Every folder there is, by name. */
  list(): readonly string[];
  /** Takes the volume away, all at once. Its files are in the trash then. Errors: system, when something is mounted on it. */
  discard(name: string): void;
  /** Takes the files of what was discarded off the disk. */
  emptyTrash(): Promise<void>;
  /** Removes the folder of a volume that has nothing in it; false: it has. */
  removeEmpty(name: string): boolean;
  /** Bytes of all files; one with several names counts once. */
  sizeBytes(name: string): Promise<number>;
  /** Copies what the image has at a path into a volume that is empty, with owners, modes and times. The path's links are resolved inside the root file system. */
  copyUp(name: string, rootfs: string, imagePath: string): Promise<void>;
}
