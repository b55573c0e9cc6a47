/** The volumes' directories: `<root>/<name>/_data`. */
export interface VolumeFiles {
  path(name: string): string;
  make(name: string): void;
  remove(name: string): Promise<void>;
  sizeBytes(name: string): Promise<number>;
  /** Copies what the image has at a path into a volume that is empty, with owners, modes and times. The path's links are resolved inside the root file system. */
  copyUp(name: string, rootfs: string, imagePath: string): Promise<void>;
}
