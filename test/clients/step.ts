/** What of a command's result is compared. */
export type Field = 'exitCode' | 'stdout' | 'stderr';

/** One command line for the shell. `$ROOT` is a folder of the side, `$SINCE` the time of the first step, `$BUSYBOX` the image's archive. */
export interface Step {
  readonly run: string;
  /** How stdout is seen before it is compared. Default `text`; `keys`: the paths of JSON keys; `sorted`: lines in order of text. */
  readonly view?: 'text' | 'keys' | 'sorted';
}

/** Steps that belong together, in order; each group leaves no container behind. */
export interface StepGroup {
  readonly title: string;
  readonly steps: readonly Step[];
}
