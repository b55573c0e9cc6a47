/** What a build does, as data that prints as JSON: the stages that the target needs, in the order of the file, each a list of steps. */
import type { Digest } from '../../oci/digest.ts';
import type { Platform } from '../../oci/platform.ts';
import type { RunDevice } from '../instruction/device.ts';
import type { NetworkMode, SecurityMode } from '../instruction/instruction.ts';
import type { RunMount } from '../instruction/mount.ts';
import type { Location } from '../parse/location.ts';
import type { ImageDraft } from './image-draft.ts';
import type { Scanned } from './scanned.ts';

export interface BuildPlan {
  /** Index of the target's stage in the Dockerfile. */
  readonly target: number;
  readonly stages: readonly StagePlan[];
  /** Proxy build args that were not declared: RUN sees them, cache keys and history do not. */
  readonly proxyEnv: readonly string[];
}

export interface StagePlan {
  /** Position in the Dockerfile, from 0. */
  readonly index: number;
  /** The name after AS, else `stage-N`. */
  readonly name: string;
  readonly platform: Platform;
  readonly base: FileSource;
  readonly steps: readonly Step[];
  /** What the stage's image says in the end. */
  readonly image: ImageDraft;
  /** Only where something is. */
  readonly scanned?: Scanned;
}

/** Where files come from. */
export type FileSource =
  | { readonly kind: 'context' }
  | { readonly kind: 'scratch' }
  | { readonly kind: 'stage'; readonly index: number }
  /** Files of a named context, by the id that it was found with. */
  | { readonly kind: 'named'; readonly id: string }
  /** `reference` in its full form, `digest` the one it had when the plan was made. */
  | { readonly kind: 'image'; readonly reference: string; readonly digest: Digest };

export type Step = ConfigStep | MakeDirectoryStep | RunStep | CopyStep;

interface StepHead {
  /** The instruction as written. */
  readonly source: string;
  readonly location: Location;
  /** The instruction was kept by ONBUILD of the base. */
  readonly trigger: boolean;
  /** The history entry; undefined when the instruction writes none (ONBUILD). */
  readonly createdBy: string | undefined;
}

/** Changes only what the image says. */
export interface ConfigStep extends StepHead {
  readonly kind: 'config';
}

/** WORKDIR: the directory is made when it is missing, mode 0755, owned by `user` ('' is root). */
export interface MakeDirectoryStep extends StepHead {
  readonly kind: 'directory';
  readonly path: string;
  readonly user: string;
}

export interface RunStep extends StepHead {
  readonly kind: 'run';
  readonly argv: readonly string[];
  /** `NAME=value`, image and args. */
  readonly env: readonly string[];
  readonly workingDirectory: string;
  readonly user: string;
  readonly mounts: readonly PlannedMount[];
  readonly network: NetworkMode;
  readonly security: SecurityMode;
  readonly devices: readonly RunDevice[];
  /** A heredoc that begins with `#!`: a read-only file of mode 0755 that `argv` names. */
  readonly script: { readonly path: string; readonly content: string } | undefined;
}

export interface PlannedMount extends Omit<RunMount, 'from'> {
  /** Of bind and cache mounts. */
  readonly from: FileSource;
}

export interface CopyStep extends StepHead {
  readonly kind: 'copy';
  readonly instruction: 'COPY' | 'ADD';
  readonly from: FileSource;
  readonly paths: readonly string[];
  /** Files written in the Dockerfile, mode 0644. */
  readonly files: readonly { readonly name: string; readonly content: string }[];
  /** Absolute; ends with `/` when it was written so. */
  readonly destination: string;
  readonly chown: string;
  readonly chmod: string;
  readonly link: boolean;
  readonly parents: boolean;
  readonly excludes: readonly string[];
  /** ADD only. */
  readonly checksum: string;
  readonly keepGitDir: boolean;
  readonly unpack: boolean | undefined;
}
