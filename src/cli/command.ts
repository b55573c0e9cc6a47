import type { EngineApi } from '../client/engine-api.ts';

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

/** The outside of a command: where it prints, what it reads, whom it asks. Tests give their own. */
export interface CommandContext {
  readonly api: EngineApi;
  readonly out: (text: string | Uint8Array) => void;
  readonly err: (text: string | Uint8Array) => void;
  readonly config: CliConfig;
}

/** The parts of config.json that commands use; an absent file is an empty config. */
export interface CliConfig {
  /** The config.json file. */
  readonly path: string;
  readonly raw: Readonly<Record<string, unknown>>;
  /** The context in use, `default` when there is none. */
  readonly contextName: string;
  readonly debug: boolean;
}

export interface Invocation {
  readonly flags: Flags;
  readonly args: readonly string[];
}

/** A command of `docker`. A module in `commands/<noun>/<verb>.ts` exports one by the verb's name. */
export interface Command {
  /** As printed after `Usage:`, e.g. `docker stop [OPTIONS] CONTAINER [CONTAINER...]`; the lower-case words in front become the words the user typed. */
  readonly usage: string;
  /** First line of its help. */
  readonly description: string;
  /** Its help says that it may change. */
  readonly experimental?: boolean;
  readonly flags: readonly Flag[];
  readonly args: { readonly min: number; readonly max?: number };
  /** False when options end at the first argument (run, create, exec). */
  readonly interspersed?: boolean;
  /** Resolves with the exit status. Errors: KnownErrors are printed by the caller, status 1; ExitError carries its own. */
  run(context: CommandContext, invocation: Invocation): Promise<number>;
}
