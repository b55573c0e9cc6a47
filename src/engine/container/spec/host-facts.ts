import type { CdiRegistry } from '../../../oci/cdi/registry.ts';
import type { SpecDevice } from './runtime-spec.ts';
import type { SeccompProfile } from './seccomp.ts';
import type { SecurityModules } from './security.ts';

/** What building a spec must know of the machine and the daemon. */
export interface HostFacts {
  readonly cgroupVersion: 1 | 2;
  /** Capabilities the daemon may give away, `CAP_X`: those in its own bounding set. */
  readonly capabilities: ReadonlySet<string>;
  /** `amd64`, `arm64`, ... */
  readonly architecture: string;
  /** As uname(2) tells it: `6.1.0-18-amd64`. */
  readonly kernelVersion: string;
  /** undefined: the machine has none, and a default profile cannot be applied. */
  readonly defaultSeccomp: SeccompProfile | 'unconfined' | undefined;
  readonly securityModules: SecurityModules;
  /** The program of NVIDIA that gives a container its GPUs, and the environment for it; undefined: it is not installed. */
  readonly nvidiaHook: () => { readonly path: string; readonly env: readonly string[] } | undefined;
  /** For containers that say nothing of it. */
  readonly noNewPrivileges?: boolean;
  /** Path of the static init that `--init` puts in front; undefined: there is none. */
  readonly initPath: string | undefined;
  /** Hard limits of the daemon itself by rlimit name (`RLIMIT_NOFILE`); without CAP_SYS_RESOURCE none may be raised. */
  readonly hardLimits: Readonly<Record<string, number>>;
  /** A device file or every one below a folder. Errors: invalid_parameter when there is none. */
  readonly devicesAt: (path: string) => readonly SpecDevice[];
  /** The devices that files of vendors tell of, as they are now. */
  readonly readCdi: () => CdiRegistry;
}
