import { KnownError } from '../../lib/errors.ts';
import type { Mounter } from './mounter.ts';

/** Remembers what is mounted; `failAt(n)` makes the n-th call from now on fail. */
export function createFakeMounter(): Mounter & { readonly mounted: ReadonlySet<string>; failAt(call: number): void } {
  const mounted = new Set<string>();
  let callsToFailure = 0;
  const add = (target: string): void => {
    if (callsToFailure > 0 && --callsToFailure === 0) throw new KnownError('system', `mount on ${target}: EIO`);
    mounted.add(target);
  };
  return {
    mounted,
    failAt(call) {
      callsToFailure = call;
    },
    overlay: add,
    unmount: (target) => void mounted.delete(target),
    bind: (_source, target) => add(target),
    tmpfs: add,
    device: (_device, target) => add(target),
    stage: async (_source, target) => add(target),
    sharing: () => ({ point: '/', shared: true, slave: false }),
    list: (below) => [...mounted].filter((point) => point === below || point.startsWith(`${below}/`)).toReversed(),
  };
}
