import type { Digest } from '../../oci/digest.ts';
import type { Descriptor } from '../content/content-store.ts';

/** One image: a manifest or index we keep, and what it is called here. */
export interface ImageRecord {
  readonly target: Descriptor;
  /** Canonical references (`docker.io/library/busybox:latest`, `host/app@sha256:...`), sorted; none: a dangling image. */
  readonly names: readonly string[];
  /** When the image was first kept here, in milliseconds since the epoch. */
  readonly createdAtMs: number;
  /** When it last got a name. */
  readonly taggedAtMs: number | undefined;
}

/**
 * The images of this engine, durable. Each name belongs to one image; a name that moves leaves the other image as it is,
 * dangling when that was its last name. Every method is one transaction.
 */
export interface ImageRecords {
  /** Oldest first. */
  list(): readonly ImageRecord[];
  find(digest: Digest): ImageRecord | undefined;
  findByName(name: string): ImageRecord | undefined;
  /** Images whose digest's hexadecimal part begins with `hexPrefix`; at most two are looked for. */
  findByPrefix(hexPrefix: string): readonly ImageRecord[];
  /** Keeps an image and gives it the names. Fine when it is there already. */
  put(target: Descriptor, names: readonly string[], nowMs: number): void;
  /** Takes a name away; the image stays. Fine when nothing has that name. */
  removeName(name: string): void;
  /** Forgets an image with all its names; fine when it is gone. */
  remove(digest: Digest): void;
}
