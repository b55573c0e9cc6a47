/** Who keeps volumes: a folder of ours (`local`) or a plugin (Docker's volume plugin protocol). Names are those of the API. */
export interface VolumeDriver {
  readonly name: string;
  readonly scope: 'local' | 'global';
  /** Errors: the driver's own text. */
  create(name: string, options: Readonly<Record<string, string>>): Promise<void>;
  remove(name: string): Promise<void>;
  /** Undefined when it has none of that name. */
  get(name: string): Promise<DriverVolume | undefined>;
  list(): Promise<readonly DriverVolume[]>;
  /** Makes the volume ready for one user, `id`, and returns its folder on this host. */
  mount(name: string, id: string): Promise<string>;
  unmount(name: string, id: string): Promise<void>;
}

export interface DriverVolume {
  readonly name: string;
  /** Empty: not known, as while it is not mounted. */
  readonly mountpoint: string;
  /** RFC 3339. */
  readonly createdAt?: string;
  readonly status?: Readonly<Record<string, unknown>>;
}

/** The plugins that say they keep volumes. */
export interface VolumePlugins {
  /** Names of every plugin there is a socket or a file of, in order; nothing is asked of them. */
  names(): readonly string[];
  /** Greets a plugin, once. Undefined: there is none of that name. Errors: system, when it does not answer or keeps no volumes. */
  open(name: string): Promise<VolumeDriver | undefined>;
}
