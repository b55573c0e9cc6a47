import type { ContainerUpdateResponse, HostConfig } from '../../../api/types/container.ts';
import { wrapError } from '../../../lib/errors.ts';
import type { ResourceUpdates } from '../../../linux/runtime/resource-updates.ts';
import { type ContainerContext, publish } from '../context.ts';
import { withoutNulls } from '../defaults.ts';
import { cannotUpdate, invalid } from '../errors.ts';
import { grantRealtime } from '../grant-realtime.ts';
import type { LiveContainer } from '../live.ts';
import { planResources } from '../spec/resources.ts';
import { hasProcess } from '../state.ts';
import { withinKernel } from '../within-kernel.ts';
import { mergeResources, touched } from './merge-resources.ts';

export interface UpdateContext {
  readonly containers: ContainerContext;
  readonly updates: ResourceUpdates;
  /** Errors: invalid_parameter for settings that cannot be met. */
  readonly validate: (host: HostConfig) => void;
  readonly cgroupVersion: 1 | 2;
}

/** Settings of an update that only a new container can take. */
const FIXED = [
  'BlkioWeightDevice',
  'BlkioDeviceReadBps',
  'BlkioDeviceWriteBps',
  'BlkioDeviceReadIOps',
  'BlkioDeviceWriteIOps',
  'Devices',
  'DeviceCgroupRules',
  'DeviceRequests',
  'Ulimits',
] as const;

/** As many as a kernel can have (PID_MAX_LIMIT): no limit, in a number that every runtime takes. */
const PIDS_MAX = 4_194_304;

/** Changes a container under its lock: the running process first, the record when that has worked. */
export async function updateContainer(
  ctx: UpdateContext,
  live: LiveContainer,
  request: HostConfig,
): Promise<ContainerUpdateResponse> {
  const { containers } = ctx;
  const { record } = live;
  const { possible: change, warnings } = withinKernel(containers, withoutNulls(request));
  const fixed = FIXED.find((name) => (change[name]?.length ?? 0) > 0);
  if (fixed) throw invalid(`${fixed} of a container cannot be updated`);
  if (live.removing || record.state.status === 'dead')
    throw cannotUpdate(record.id, 'container is marked for removal and cannot be "update"');
  ctx.validate(change);
  const merged = merge(record.id, record.hostConfig, change);
  ctx.validate(withoutRestart(merged));
  if (hasProcess(record.state)) await apply(ctx, live, merged, change);
  containers.table.saveHostConfig(live, merged);
  publish(containers, live.record, 'update');
  return { Warnings: warnings };
}

function merge(id: string, host: HostConfig, change: HostConfig): HostConfig {
  try {
    return mergeResources(host, change);
  } catch (error) {
    throw wrapError(error, `Cannot update container ${id}`);
  }
}

/** A policy beside AutoRemove is told of in an update's own words. */
function withoutRestart(host: HostConfig): HostConfig {
  return { ...host, RestartPolicy: { Name: 'no', MaximumRetryCount: 0 } };
}

async function apply(ctx: UpdateContext, live: LiveContainer, merged: HostConfig, change: HostConfig): Promise<void> {
  const { settings } = ctx.containers;
  const { devices: _devices, ...planned } = planResources(touched(merged, change), [], () => [], ctx.cgroupVersion);
  const pids = change.PidsLimit === undefined || change.PidsLimit === null ? undefined : change.PidsLimit;
  const resources = Object.fromEntries(
    Object.entries({ ...planned, pids: pids === undefined ? undefined : { limit: pids > 0 ? pids : PIDS_MAX } }).filter(
      ([, value]) => value !== undefined,
    ),
  );
  if (Object.keys(resources).length === 0) return;
  const runtime = settings.runtimes[live.record.hostConfig.Runtime || settings.defaults.runtime] ?? [];
  try {
    grantRealtime(ctx.containers, live.record, change);
    await ctx.updates.apply(runtime, live.record.id, resources);
  } catch (error) {
    throw wrapError(error, `Cannot update container ${live.record.id}`);
  }
}
