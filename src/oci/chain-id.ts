import { createHash } from 'node:crypto';
import type { ChainId, DiffId } from './digest.ts';

/** Name of a stack of layers, lowest first (image-spec config.md, "Layer ChainID"); undefined for no layers. */
export function chainIdOf(diffIds: readonly DiffId[]): ChainId | undefined {
  return chainIdsOf(diffIds).at(-1);
}

/** The chain id of every prefix: the n-th is of the first n + 1 layers. */
export function chainIdsOf(diffIds: readonly DiffId[]): readonly ChainId[] {
  const chains: ChainId[] = [];
  for (const diffId of diffIds) chains.push(chainIdOver(chains.at(-1), diffId));
  return chains;
}

/** A stack with one more layer on top. */
export function chainIdOver(below: ChainId | undefined, diffId: DiffId): ChainId {
  const text =
    below === undefined ? diffId : `sha256:${createHash('sha256').update(`${below} ${diffId}`).digest('hex')}`;
  return text as ChainId;
}
