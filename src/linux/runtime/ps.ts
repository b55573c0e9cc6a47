/** The host's process list. */
export interface ProcessList {
  /** Text of `ps <args>`, first line titles. Errors: invalid_parameter with ps's own words when it refuses the arguments. */
  ps(args: readonly string[]): Promise<string>;
}
