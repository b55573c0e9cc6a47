import type { Answer, World } from './world.ts';

/** Makes an operation answer with a status: one way, or several. A text says why that status cannot be had. */
export type Way = (world: World) => Promise<Answer>;
/** A way that leads there only while nothing can be written to the engine's database. */
export interface SickWay {
  readonly sick: Way;
}
export type Cases = Readonly<Record<string, Readonly<Record<number, Way | readonly Way[] | SickWay | string>>>>;

export function sick(way: Way): SickWay {
  return { sick: way };
}

export const FAILURE = "a failure of the engine's own: no request to a healthy host makes one";
