import type { ContainerWaitResponse } from '../../api/types/container.ts';
import { KnownError } from '../../lib/errors.ts';
import { invalid } from './errors.ts';
import type { LiveContainer } from './live.ts';
import { isRunning } from './state.ts';

/** What a waiter gets; registered when this returns. Aborting rejects with `cancelled`. Errors: invalid_parameter for an unknown condition. */
export function waitContainer(
  live: LiveContainer,
  condition: string,
  signal: AbortSignal,
): Promise<ContainerWaitResponse> {
  const result = resultOf(live, condition);
  const gone = Promise.withResolvers<never>();
  const onAbort = (): void => gone.reject(new KnownError('cancelled', 'wait was cancelled', { cause: signal.reason }));
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  return Promise.race([result, gone.promise]).finally(() => signal.removeEventListener('abort', onAbort));
}

function resultOf(live: LiveContainer, condition: string): Promise<ContainerWaitResponse> {
  const { state } = live.record;
  switch (condition) {
    case '':
    case 'not-running':
      return isRunning(state) ? firstOf(live) : Promise.resolve({ StatusCode: state.exitCode });
    case 'next-exit':
      return firstOf(live);
    case 'removed':
      return live.removed.promise;
    default:
      throw invalid(`invalid condition: "${condition}"`);
  }
}

/** A container removed without another exit wakes everyone. */
function firstOf(live: LiveContainer): Promise<ContainerWaitResponse> {
  return Promise.race([live.exit.promise, live.removed.promise]);
}
