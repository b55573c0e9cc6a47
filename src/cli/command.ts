import type { EngineApi } from '../client/engine-api.ts';
import type { Flag, Flags } from '../lib/flags/flag.ts';

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
  /** It talks to no daemon: the context in use need not exist. */
  readonly withoutDaemon?: true;
  /** Its help says that it may change. */
  readonly experimental?: boolean;
  readonly flags: readonly Flag[];
  readonly args: { readonly min: number; readonly max?: number };
  /** False when options end at the first argument (run, create, exec). */
  readonly interspersed?: boolean;
  /** Resolves with the exit status. Errors: KnownErrors are printed by the caller, status 1; ExitError carries its own. */
  run(context: CommandContext, invocation: Invocation): Promise<number>;
}
