/** What the OCI runtimes keep of containers, for when the monitor that should have seen to it is gone. */
export interface RuntimeStates {
  /** Every container that a runtime has a state of. */
  list(): readonly { readonly runtime: string; readonly id: string }[];
  /** Kills the container's first process and deletes its state (`RUNTIME delete --force`). Costs nothing when there is none. */
  destroy(runtime: string, id: string): Promise<void>;
}
