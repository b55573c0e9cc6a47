import type { IdMap } from '../../lib/id-map.ts';

/** User namespaces that live as files. */
export interface UserNamespaces {
  /** Makes one with these numbers, kept alive by a bind mount on `path`. Errors: system. */
  create(path: string, map: IdMap): Promise<void>;
  /** Lets it go. Fine when it is gone. */
  remove(path: string): void;
  /** The one that a process is in: the same text for the same namespace. Errors: system when the process is gone. */
  identityOf(pid: number): string;
  /** Whether a folder's file system can show other numbers through a mount. Errors: system, saying what is missing. */
  requireMapping(folder: string): Promise<void>;
  /** Whether users of the host that are nobody in particular get through to a folder. Errors: system, naming the folder above it that stops them. */
  requirePassage(folder: string): void;
}
