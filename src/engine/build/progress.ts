import type { Finding } from '../../build/check/finding.ts';
import { messageOf } from '../../lib/errors.ts';

/** What a build tells while it goes on. Renderers make of it what their clients read: see classic-progress.ts. */
export interface ProgressSink {
  tell(event: ProgressEvent): void;
  /** Reads `explained` events: finding reasons out takes time. */
  readonly wantsReasons?: boolean;
}

export type ProgressEvent =
  /** `steps`: how many `started` events there will be, those of triggers not counted. */
  | { readonly kind: 'planned'; readonly steps: number }
  /** Steps begin in the order in which they are told; those of stages side by side come mixed. */
  | { readonly kind: 'started'; readonly vertex: Vertex }
  /** Its result was there. */
  | { readonly kind: 'cached'; readonly id: string }
  /** Why it was not. */
  | { readonly kind: 'explained'; readonly id: string; readonly miss: MissReason }
  /** A container runs for it. */
  | { readonly kind: 'running'; readonly id: string; readonly containerId: string }
  | { readonly kind: 'log'; readonly id: string; readonly stream: 'stdout' | 'stderr'; readonly text: string }
  | { readonly kind: 'completed'; readonly id: string; readonly containerId: string | undefined }
  | {
      readonly kind: 'failed';
      readonly id: string;
      readonly message: string;
      /** When a command has ended with another status than 0. */
      readonly command: { readonly argv: readonly string[]; readonly exitCode: number } | undefined;
    }
  | { readonly kind: 'warning'; readonly text: string }
  /** What a check of the Dockerfile has found. */
  | { readonly kind: 'finding'; readonly finding: Finding }
  /** Something beside the Dockerfile's steps begins: writing an output, reading a cache. `name` is BuildKit's text. */
  | { readonly kind: 'task'; readonly id: string; readonly name: string }
  | { readonly kind: 'task-ended'; readonly id: string; readonly error: string | undefined }
  /** A message of a push, as `docker push` gets it. */
  | { readonly kind: 'push'; readonly message: Readonly<Record<string, unknown>> }
  /** A message of a pull, as `docker pull` gets it. */
  | { readonly kind: 'pull'; readonly message: Readonly<Record<string, unknown>> }
  | { readonly kind: 'image'; readonly imageId: string; readonly names: readonly string[] };

/** One instruction of a stage. */
export interface Vertex {
  /** The step's cache key; of a FROM, its base's. */
  readonly id: string;
  /** The instruction; of a FROM, with the full name of its base. */
  readonly name: string;
  readonly stage: string;
  /** `os/arch[/variant]` in a build for several; '' otherwise. */
  readonly platform: string;
  /** `trigger`: kept by ONBUILD, not counted. `config`: nothing is to be done. */
  readonly role: 'base' | 'step' | 'config' | 'trigger';
  /** Of a base: its name for people; '' for scratch. */
  readonly base: string;
  readonly triggers: number;
  /** Undefined: BuildKit has no step for it. */
  readonly place: VertexPlace | undefined;
}

/** Where a step stands, as BuildKit counts: a base and what makes layers, from 1. */
export interface VertexPlace {
  /** '' for the only stage, when it has no name. */
  readonly stage: string;
  readonly index: number;
  readonly total: number;
  /** Of a base: its full name, with the digest. */
  readonly reference: string;
  /** In the Dockerfile; undefined for what it does not say itself. */
  readonly lines: { readonly start: number; readonly end: number } | undefined;
}

/** The first input of a step that is not what it was. */
export interface MissReason {
  /** `never`: nothing like this step was built before. */
  readonly kind: 'never' | 'changed' | 'gone' | 'asked';
  /** Such as `file src/a.ts`, `env VERSION`, `base image`. */
  readonly input: string;
  /** Undefined: it was not among the inputs. */
  readonly before: string | undefined;
  readonly now: string | undefined;
  /** The build that is compared with. */
  readonly build: { readonly name: string; readonly atMs: number } | undefined;
}

/** Tells of some work beside the steps. */
export async function inTask<T>(progress: ProgressSink, name: string, work: (id: string) => Promise<T>): Promise<T> {
  const id = crypto.randomUUID();
  progress.tell({ kind: 'task', id, name });
  try {
    const result = await work(id);
    progress.tell({ kind: 'task-ended', id, error: undefined });
    return result;
  } catch (error) {
    progress.tell({ kind: 'task-ended', id, error: messageOf(error) });
    throw error;
  }
}
