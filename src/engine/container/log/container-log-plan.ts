import type { ContainerRecord } from '../../../store/record/container-records.ts';
import type { ContainerDeps } from '../context.ts';
import { type LogPlan, planLog } from './log-plan.ts';

/** What becomes of a container's output. Errors: invalid_parameter. */
export function logPlanOf(record: ContainerRecord): LogPlan {
  const { id, name, image, created, config, hostConfig } = record;
  return planLog(hostConfig.LogConfig, { id, name, imageId: image.id, created, config });
}

/** Where its records are, whichever driver it has. */
export function logPathOf(
  { bundles }: Pick<ContainerDeps, 'bundles'>,
  { id, hostConfig }: Pick<ContainerRecord, 'id' | 'hostConfig'>,
): string {
  const { jsonLog, cachedLog } = bundles.paths(id);
  return (hostConfig.LogConfig?.Type || 'json-file') === 'json-file' ? jsonLog : cachedLog;
}

/** False: `docker logs` is refused. */
export function isLogReadable({ hostConfig }: Pick<ContainerRecord, 'hostConfig'>): boolean {
  const { Type: driver = 'json-file', Config: options } = hostConfig.LogConfig ?? {};
  if (driver === 'none') return false;
  const isCached = !['', 'json-file', 'local'].includes(driver);
  return !isCached || !/^(?:1|t|true)$/i.test(options?.['cache-disabled'] ?? '');
}
