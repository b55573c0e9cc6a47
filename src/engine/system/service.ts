import type { DataRootAccount, SystemDataUsage, SystemInfo, SystemVersion } from '../../api/types/system.ts';
import type { UsageType } from './disk-usage.ts';

export interface SystemService {
  version(): Promise<SystemVersion>;
  info(): Promise<SystemInfo>;
  /** What images, containers, volumes and the build cache take. Calls that ask for the same at the same time share one measurement. */
  diskUsage(types: ReadonlySet<UsageType>): Promise<SystemDataUsage>;
  /** Every byte below the data root, by what it belongs to. */
  explainDataRoot(): Promise<DataRootAccount>;
}
