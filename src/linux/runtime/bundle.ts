import type { IdMap } from '../../lib/id-map.ts';

/**
 * The files of containers outside their root file system.
 *
 *   <data-root>/containers/<id>/        kept as long as the container
 *     <id>-json.log[.N[.gz]]            written by the monitor (driver json-file)
 *     container.log[.N[.gz]]            likewise (driver local, and the cache of drivers that send)
 *     log-place.json                    how much of that has been sent
 *     hosts  hostname  resolv.conf      bound into the container
 *     resolv.conf.hash                  of resolv.conf as it was written here
 *   <exec-root>/c/<id, 24 digits>/      as long as it runs; on a tmpfs
 *     config.json                       OCI bundle
 *     rootfs/                           mount point
 *     userns                            its user namespace, bound; under `userns-remap`
 *     halted                            the engine has frozen it for a moment, and will continue it
 *     m/                                the monitor's directory
 *     v/<n>                             mount points of subpaths, images and mapped ids
 *     x/<exec id, 16 digits>/           an exec session: its monitor's directory `m`, process.json, exec.json
 *
 * Ids are cut short because the path of a unix socket holds 107 bytes.
 */
export interface Bundles {
  paths(id: string): BundlePaths;
  /** The folder on the data root. */
  makeKept(id: string): void;
  removeKept(id: string): void;
  /** The run folder, made anew and empty. */
  makeRun(id: string): void;
  /** Fine when it is gone. Nothing may be mounted below. */
  removeRun(id: string): void;
  /** First 24 digits of the ids that have a run folder. */
  listRuns(): readonly string[];
  /** Ids that have a kept folder. */
  listKept(): readonly string[];
  writeSpec(id: string, spec: object): void;
  writeEtc(
    id: string,
    files: { readonly hosts?: string; readonly hostname?: string; readonly resolvConf?: string },
  ): void;
  /** Writes resolv.conf anew, unless somebody has changed it since it was written here. */
  updateResolvConf(id: string, text: string): void;
  /** The host's own files, empty when they are missing; `uplinkResolvConf`: the resolvers that systemd-resolved asks. */
  readHost(): { readonly hosts: string; readonly resolvConf: string; readonly uplinkResolvConf: string };
  /** /etc/passwd and /etc/group in the mounted root; empty when they are missing. Symbolic links stay inside the root. */
  readAccounts(id: string): { readonly passwd: string; readonly group: string };
  /** Makes a folder (and those above) inside the mounted root unless it is there; new ones belong to `owner`. Errors: invalid_parameter when a file is in the way. */
  ensureInRoot(id: string, path: string, owner: { readonly uid: number; readonly gid: number }): void;
  /** Whether something other than a folder is at a path in the mounted root. Symbolic links stay inside the root. */
  hasFileInRoot(id: string, path: string): boolean;
  /** Notes that the engine itself freezes a container for a moment, so that whoever finds it frozen later continues it. */
  setHalted(id: string, halted: boolean): void;
  isHalted(id: string): boolean;
  /** Writes a file and the folders above it. */
  writeSecret(
    path: string,
    value: Uint8Array,
    to: { readonly uid: number; readonly gid: number; readonly mode: number },
  ): void;
  /** Source of a bind mount. */
  exists(path: string): boolean;
  isFolder(path: string): boolean;
  /** Undefined for what does not exist. */
  ownerOf(path: string): { readonly uid: number; readonly gid: number } | undefined;
  ensureFolder(path: string): void;
  /** Folder of an exec session with its process file and what a later daemon must know of it; `m` below it is empty. */
  makeExec(
    id: string,
    execId: string,
    files: { readonly process: object; readonly record: object },
  ): { readonly monitor: string; readonly processFile: string };
  /** Exec sessions that have a folder: the record as written (undefined: damaged) and the monitor's directory. */
  listExecs(id: string): readonly { readonly name: string; readonly record: unknown; readonly monitor: string }[];
  removeExec(id: string, execId: string): void;
  /** The `process` object of the running container's config.json. */
  readProcess(id: string): Record<string, unknown>;
  /** How the run's numbers of users and groups look on the host; undefined: they are the host's. */
  readIdMap(id: string): IdMap | undefined;
  /** Bytes of files in a folder tree, without following links. */
  sizeBytes(path: string): Promise<number>;
}

export interface BundlePaths {
  readonly kept: string;
  readonly jsonLog: string;
  readonly cachedLog: string;
  readonly logPlace: string;
  readonly hosts: string;
  readonly hostname: string;
  readonly resolvConf: string;
  readonly run: string;
  readonly rootfs: string;
  /** A tmpfs for /dev/shm that other containers may join. */
  readonly shm: string;
  readonly monitor: string;
  /** Where its user namespace is bound. */
  readonly userns: string;
  /** Mount points of what is made ready for the run, by number or name. */
  readonly stages: string;
  /** A tmpfs for the values of secrets. */
  readonly secrets: string;
}
