/**
 * The volumes' folders.
 *
 *   <root>/<name>/_data        what containers see; what a volume's options ask for is mounted on it while it is in use
 *   <root>/.new/<id>/_data     a volume that is being made by a copy or an import; what is not on record is removed at the daemon's start
 */
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
  /** Gives the folder another name: one rename(2). Fine when it has been done already. Errors: system. */
  rename(from: string, to: string): void;
  /** Bytes of all files; one with several names counts once. */
  sizeBytes(path: string): Promise<number>;
  /** Copies what the image has at a path (`source` of a mounted root) into a folder that is empty, with owners, modes, times and extended attributes. Links are resolved inside the root. */
  copyUp(target: string, rootfs: string, imagePath: string): Promise<void>;
  /** The same for a volume's own folder that nobody has mounted: it is filled all at once. */
  fill(name: string, rootfs: string, imagePath: string): Promise<void>;
  /** A folder `_data` of a volume that is being made. */
  draft(id: string): string;
  /** Makes the draft with the content of a folder: whole files are shared with it where the file system can (FICLONE). Synced when it resolves. Errors: system. */
  copyToDraft(source: string, id: string, signal: AbortSignal): Promise<void>;
  /** Makes the draft, empty. */
  makeDraft(id: string): string;
  /** Everything in the draft is on the disk when it resolves. */
  syncDraft(id: string): Promise<void>;
  /** The draft becomes the volume's folder: one rename(2). Fine when it has been done already. */
  settleDraft(id: string, name: string): void;
  discardDraft(id: string): void;
  listDrafts(): readonly string[];
  /** Mounts what the options of a volume ask for. Errors: system, in Docker's words. */
  mountDevice(
    name: string,
    what: { readonly device: string; readonly type: string; readonly options: string },
  ): Promise<void>;
  /** Takes off the volume what is mounted on it; fine when nothing is. */
  unmountDevice(name: string): void;
  isMounted(name: string): boolean;
}
