/** Changes of a running container's limits, by its OCI runtime. */
export interface ResourceUpdates {
  /** `runtime` is the program with its global arguments, `resources` the OCI spec's linux.resources. Errors: system with the runtime's words. */
  apply(runtime: readonly string[], id: string, resources: object): Promise<void>;
}
