import type { Query } from '../../../client/engine-api.ts';
import type { Flag, Flags } from '../../../lib/flags/flag.ts';

/** The options that stop and restart share. */
export const STOP_FLAGS: readonly Flag[] = [
  { name: 'signal', short: 's', kind: 'string', description: 'Signal to send to the container' },
  {
    name: 'timeout',
    short: 't',
    kind: 'int',
    description: 'Seconds to wait before killing the container',
    deprecated: ['time'],
  },
];

/** `signal` and `t` as the API takes them; absent when not given: the container's own then count. */
export function stopQuery(flags: Flags): Query {
  return { signal: flags.text('signal'), t: flags.given('timeout') ? flags.int('timeout') : undefined };
}
