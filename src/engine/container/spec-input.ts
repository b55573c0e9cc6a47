import type { ContainerConfig, HostConfig } from '../../api/types/container.ts';
import type { RunUserns } from './user-namespace.ts';

/** Everything the OCI runtime spec of a container is made from; all paths are of the host and exist. */
export interface SpecInput {
  readonly id: string;
  readonly rootfs: string;
  readonly config: ContainerConfig;
  readonly hostConfig: HostConfig;
  /** /etc/passwd and /etc/group of the root file system. */
  readonly accounts: { readonly passwd: string; readonly group: string };
  readonly hostname: string;
  readonly mounts: readonly SpecMount[];
  /** undefined: the host's. */
  readonly netnsPath: string | undefined;
  /** undefined: the host's. */
  readonly userns: RunUserns | undefined;
  /** Namespaces of other containers that this one joins (`--pid container:x`, `--ipc container:x`). */
  readonly joins: { readonly pid?: number; readonly ipc?: number };
  readonly cgroupPath: string;
}

export interface SpecMount {
  readonly destination: string;
  readonly type: 'bind' | 'tmpfs';
  readonly source: string;
  readonly options: readonly string[];
}
