/** The host's processes. */
export interface ProcessList {
  /** Text of `ps <args>`, first line titles. Errors: system with ps's own words when it refuses the arguments. */
  ps(args: readonly string[]): Promise<string>;
  /**
   * SIGKILL to the process and all others of its process group; to it alone when process `not` is in the same group. Fine when it is gone.
   */
  killGroup(pid: number, options: { readonly not: number }): void;
}
