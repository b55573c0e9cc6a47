import { KnownError } from '../../lib/errors.ts';
import type { ContainerStatus, StateRecord } from '../../store/record/container-records.ts';

/** Go's zero time, which clients take for never. */
export const ZERO_TIME = '0001-01-01T00:00:00Z';

/** What can happen to a container. */
export type StateAction = 'started' | 'start_failed' | 'paused' | 'unpaused' | 'exited' | 'back_off' | 'removing';

const TABLE: Readonly<Record<ContainerStatus, Readonly<Partial<Record<StateAction, ContainerStatus>>>>> = {
  created: { started: 'running', start_failed: 'created', exited: 'exited', removing: 'removing' },
  running: { paused: 'paused', exited: 'exited', back_off: 'restarting' },
  paused: { unpaused: 'running', exited: 'exited', back_off: 'restarting' },
  restarting: { started: 'running', start_failed: 'exited', exited: 'exited', back_off: 'restarting' },
  exited: { started: 'running', start_failed: 'exited', exited: 'exited', removing: 'removing' },
  removing: { removing: 'removing' },
  dead: { removing: 'removing' },
};

/** The state after `action`, with `change` applied. Errors: system for a step the table does not have, which is a bug of ours. */
export function nextState(
  state: StateRecord,
  action: StateAction,
  change: Partial<Omit<StateRecord, 'status'>> = {},
): StateRecord {
  const status = TABLE[state.status][action];
  if (status === undefined) throw new KnownError('system', `container cannot go from ${state.status} by ${action}`);
  return { ...state, ...change, status };
}

/** A process exists (paused counts). A restarting container has none, though the API calls it running. */
export function hasProcess(state: StateRecord): boolean {
  return state.status === 'running' || state.status === 'paused';
}

/** What the API calls running. */
export function isRunning(state: StateRecord): boolean {
  return hasProcess(state) || state.status === 'restarting';
}
