/** What has changed in a build since the last one, shaped as BuildKit's SolveStatus (client/graph.go). Times in milliseconds since the epoch. */
export interface SolveUpdate {
  readonly vertexes?: readonly VertexUpdate[];
  readonly statuses?: readonly StatusUpdate[];
  readonly logs?: readonly LogUpdate[];
  readonly warnings?: readonly WarningUpdate[];
}

/** One step, all that is known of it. */
export interface VertexUpdate {
  readonly digest: string;
  readonly name: string;
  readonly started?: number;
  readonly completed?: number;
  readonly cached?: boolean;
  readonly error?: string;
}

/** One thing that goes on within a step. */
export interface StatusUpdate {
  readonly vertex: string;
  readonly id: string;
  /** In bytes; 0 is unknown. */
  readonly total: number;
  readonly current: number;
  readonly timestamp: number;
  readonly started: number;
  readonly completed?: number;
}

export interface LogUpdate {
  readonly vertex: string;
  readonly stream: 1 | 2;
  readonly text: string;
  readonly timestamp: number;
}

export interface WarningUpdate {
  readonly vertex: string;
  readonly short: string;
}

/** Shows updates as they come. */
export interface Renderer {
  show(update: SolveUpdate): void;
  /** Nothing more comes. */
  finish(): void;
}

/** BuildKit's word for a step that was ended because the build was. */
export const CANCELED = 'context canceled';

/** What is at the front of a step's error when it was cancelled. */
export function isCanceled(error: string): boolean {
  return error.endsWith(CANCELED);
}
