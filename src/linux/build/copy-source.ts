import type { Attributes } from '../../oci/kept-attributes.ts';

/** A tree that files are copied from. Paths are absolute in it, without links on the way. */
export interface CopySource {
  /** Errors: system for what is not there. */
  look(path: string): SourceFile;
  /** Relative paths of everything in a folder, folders before what is in them. */
  below(folder: string): Iterable<string>;
  /** Where a symlink leads. */
  linkOf(path: string): string;
  attributesOf(path: string): Attributes;
  /** Of a small file. */
  readContent(path: string): Buffer;
  /** Writes a file's content to an empty open file. Errors: data_loss when it is cut off. */
  writeContent(path: string, target: number): void;
}

export interface SourceFile {
  readonly type: 'file' | 'directory' | 'symlink' | 'socket' | 'node';
  /** Permission bits with setuid, setgid and sticky. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeSeconds: number;
  /** In bytes, of a file. */
  readonly size: number;
  /** All names of one file have the same; undefined: it has one name. */
  readonly identity: string | undefined;
  /** Of a device or pipe, for mknod(2). */
  readonly node: { readonly mode: number; readonly device: number };
}
