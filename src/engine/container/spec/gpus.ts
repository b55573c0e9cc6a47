import type { HostConfig } from '../../../api/types/container.ts';
import { KnownError } from '../../../lib/errors.ts';
import type { HostFacts } from './host-facts.ts';
import type { RuntimeSpec } from './runtime-spec.ts';

type DeviceRequest = NonNullable<HostConfig['DeviceRequests']>[number];

/** What NVIDIA_DRIVER_CAPABILITIES may name (NVIDIA Container Toolkit). */
const DRIVER_CAPABILITIES = ['compute', 'compat32', 'graphics', 'utility', 'video', 'display'];
const CAPABILITIES = ['gpu', 'nvidia', ...DRIVER_CAPABILITIES];

/**
 * The configuration with the GPUs that a container asks for: NVIDIA's hook makes them before the process starts, as its environment says
 * (moby: daemon/nvidia_linux.go). Errors: system in Docker's words when no driver takes a request.
 */
export function withGpus(
  spec: RuntimeSpec,
  { DeviceRequests }: Pick<HostConfig, 'DeviceRequests'>,
  findHook: HostFacts['nvidiaHook'],
): RuntimeSpec {
  return (DeviceRequests ?? [])
    .filter(({ Driver }) => Driver !== 'cdi')
    .reduce((made, request) => withRequest(made, request, findHook()), spec);
}

function withRequest(
  spec: RuntimeSpec,
  request: DeviceRequest,
  hook: ReturnType<HostFacts['nvidiaHook']>,
): RuntimeSpec {
  const { Driver = '', Capabilities, Count = 0, DeviceIDs } = request;
  const wanted = (Capabilities ?? []).find((set) => set.every((one) => CAPABILITIES.includes(one)));
  if (hook === undefined || !['', 'nvidia'].includes(Driver) || wanted === undefined)
    throw new KnownError(
      'system',
      `could not select device driver ${JSON.stringify(Driver)} with capabilities: ${goLists(Capabilities ?? [])}`,
    );
  if (Count !== 0 && DeviceIDs?.length)
    throw new KnownError('system', 'cannot set both Count and DeviceIDs on device request');
  const driver = wanted.filter((one) => DRIVER_CAPABILITIES.includes(one));
  const env = [
    `NVIDIA_VISIBLE_DEVICES=${visible(Count, DeviceIDs ?? [])}`,
    ...(driver.length > 0 ? [`NVIDIA_DRIVER_CAPABILITIES=${driver.join(',')}`] : []),
  ];
  const names = env.map((entry) => entry.slice(0, entry.indexOf('=') + 1));
  const others = spec.process.env.filter((entry) => !names.some((name) => entry.startsWith(name)));
  const { prestart = [], ...hooks } = spec.hooks ?? {};
  return {
    ...spec,
    process: { ...spec.process, env: [...others, ...env] },
    hooks: {
      ...hooks,
      prestart: [...prestart, { path: hook.path, args: ['nvidia-container-runtime-hook', 'prestart'], env: hook.env }],
    },
  };
}

/** The first `count` of the machine, all of them when it is negative. */
function visible(count: number, ids: readonly string[]): string {
  if (ids.length > 0) return ids.join(',');
  if (count < 0) return 'all';
  return count === 0 ? 'void' : Array.from({ length: count }, (_, at) => at).join(',');
}

/** As Go's `%v` prints lists. */
function goLists(lists: readonly (readonly string[])[]): string {
  return `[${lists.map((list) => `[${list.join(' ')}]`).join(' ')}]`;
}
