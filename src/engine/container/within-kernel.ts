import type { HostConfig } from '../../api/types/container.ts';
import type { ContainerContext } from './context.ts';

/** What the kernel cannot do is left out, with a warning, as Docker has it at a creation and at an update. */
export function withinKernel(
  { cgroups }: Pick<ContainerContext, 'cgroups'>,
  host: HostConfig,
): { readonly possible: HostConfig; readonly warnings: string[] } {
  const { BlkioWeight, BlkioWeightDevice, ...rest } = host;
  if (cgroups.blkioWeight) return { possible: host, warnings: [] };
  return {
    possible: rest,
    warnings: [
      ...(BlkioWeight ? [discarded('weight', 'Weight')] : []),
      ...(BlkioWeightDevice?.length ? [discarded('weight_device', 'Weight-device')] : []),
    ],
  };
}

function discarded(what: string, setting: string): string {
  return `Your kernel does not support Block I/O ${what} or the cgroup is not mounted. ${setting} discarded.`;
}
