import type { Answer, World } from './world.ts';

/** Makes an operation answer with a status: one way, or several. A text says why that status cannot be had. */
export type Way = (world: World) => Promise<Answer>;
export type Cases = Readonly<Record<string, Readonly<Record<number, Way | readonly Way[] | string>>>>;

export const FAILURE = "a failure of the engine's own: no request to a healthy host makes one";
