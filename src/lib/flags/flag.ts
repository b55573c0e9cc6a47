/** One option of a command, with pflag's semantics (`--name=value`, `--name value`, `-xvalue`, grouped short switches). */
export interface Flag {
  readonly name: string;
  readonly short?: string;
  /** What the parser makes of it: a switch, one text, every text given, a whole number. */
  readonly kind: 'bool' | 'string' | 'list' | 'int';
  /** The placeholder in the help; default: `string`, `list` or `int` by kind. */
  readonly placeholder?: string;
  readonly default?: string | number | boolean;
  readonly description: string;
  /** Left out of the help. */
  readonly hidden?: boolean;
  /** Other long names for it, left out of the help. */
  readonly aliases?: readonly string[];
  /** Other long names that are deprecated: using one prints so. */
  readonly deprecated?: readonly string[];
  /** Throws an Error for a bad value; its message is the reason in `invalid argument "x" for "--name" flag: <reason>`. */
  readonly check?: (value: string) => void;
}

/** What was given on the command line; a flag that was not given has its default. */
export interface Flags {
  bool(name: string): boolean;
  text(name: string): string;
  list(name: string): readonly string[];
  int(name: string): number;
  /** True when it was given, whatever its value. */
  given(name: string): boolean;
}
