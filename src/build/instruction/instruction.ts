/** Every instruction of a Dockerfile as a type; plain data that prints as JSON. Variables are not expanded yet. */

import type { Heredoc } from '../parse/heredoc.ts';
import type { Location } from '../parse/location.ts';
import type { Pair } from '../parse/node.ts';
import type { RunDevice } from './device.ts';

export interface Written {
  /** The text as written, continuation lines joined. */
  readonly source: string;
  readonly location: Location;
}

/** A Dockerfile's stages; `globalArgs` come before the first FROM. */
export interface Program {
  readonly globalArgs: readonly ArgInstruction[];
  readonly stages: readonly Stage[];
}

/** `FROM [--platform=p] base [AS name]` and what belongs to it. */
export interface Stage extends Written {
  readonly base: string;
  /** In lower case; '' without AS. */
  readonly name: string;
  readonly platform: string;
  /** From a comment `# name text` right above. */
  readonly description: string;
  readonly instructions: readonly Instruction[];
}

export type Instruction =
  | ArgInstruction
  | EnvInstruction
  | LabelInstruction
  | MaintainerInstruction
  | RunInstruction
  | CopyInstruction
  | AddInstruction
  | CommandInstruction
  | ExposeInstruction
  | HealthcheckInstruction
  | OnbuildInstruction
  | ShellInstruction
  | StopSignalInstruction
  | UserInstruction
  | VolumeInstruction
  | WorkdirInstruction;

export interface ArgInstruction extends Written {
  readonly kind: 'arg';
  readonly args: readonly ArgDefinition[];
}

export interface ArgDefinition {
  readonly name: string;
  /** Undefined for a declaration without `=`. */
  readonly value: string | undefined;
  readonly description: string;
}

export interface EnvInstruction extends Written {
  readonly kind: 'env';
  readonly pairs: readonly Pair[];
  /** `ENV KEY rest of line`. */
  readonly legacy: boolean;
}

export interface LabelInstruction extends Written {
  readonly kind: 'label';
  readonly pairs: readonly Pair[];
  readonly legacy: boolean;
}

export interface MaintainerInstruction extends Written {
  readonly kind: 'maintainer';
  readonly name: string;
}

/** What a shell or exec form holds. */
export interface CommandLine {
  /** The array of the exec form, or one text. */
  readonly words: readonly string[];
  /** Shell form: the stage's shell goes before it. */
  readonly shell: boolean;
}

export interface RunInstruction extends Written {
  readonly kind: 'run';
  readonly command: CommandLine;
  readonly heredocs: readonly Heredoc[];
  /** Values of `--mount`, not read yet: variables in them come first. */
  readonly mounts: readonly string[];
  readonly network: NetworkMode;
  readonly security: SecurityMode;
  readonly devices: readonly RunDevice[];
}

export type NetworkMode = 'default' | 'none' | 'host';
export type SecurityMode = 'sandbox' | 'insecure';

export interface CopySources {
  readonly paths: readonly string[];
  readonly heredocs: readonly Heredoc[];
  readonly destination: string;
  readonly chown: string;
  readonly chmod: string;
  readonly link: boolean;
  readonly excludes: readonly string[];
}

export interface CopyInstruction extends Written, CopySources {
  readonly kind: 'copy';
  /** A stage, its number, a named context or an image; '' is the build context. */
  readonly from: string;
  readonly parents: boolean;
}

export interface AddInstruction extends Written, CopySources {
  readonly kind: 'add';
  readonly checksum: string;
  readonly keepGitDir: boolean;
  /** Undefined: archives of the context are unpacked, downloaded ones are not. */
  readonly unpack: boolean | undefined;
}

export interface CommandInstruction extends Written {
  readonly kind: 'cmd' | 'entrypoint';
  readonly command: CommandLine;
}

export interface ExposeInstruction extends Written {
  readonly kind: 'expose';
  readonly ports: readonly string[];
}

export interface HealthcheckInstruction extends Written {
  readonly kind: 'healthcheck';
  readonly healthcheck: Healthcheck;
}

/** As image configs hold it. Durations in nanoseconds; 0 is "as the base or the default says". */
export interface Healthcheck {
  readonly Test: readonly string[];
  readonly Interval?: number;
  readonly Timeout?: number;
  readonly StartPeriod?: number;
  readonly StartInterval?: number;
  readonly Retries?: number;
}

export interface OnbuildInstruction extends Written {
  readonly kind: 'onbuild';
  /** The instruction's text, bodies of heredocs included. */
  readonly trigger: string;
}

export interface ShellInstruction extends Written {
  readonly kind: 'shell';
  readonly shell: readonly string[];
}

export interface StopSignalInstruction extends Written {
  readonly kind: 'stopsignal';
  readonly signal: string;
}

export interface UserInstruction extends Written {
  readonly kind: 'user';
  readonly user: string;
}

export interface VolumeInstruction extends Written {
  readonly kind: 'volume';
  readonly paths: readonly string[];
}

export interface WorkdirInstruction extends Written {
  readonly kind: 'workdir';
  readonly path: string;
}
