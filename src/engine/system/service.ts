import type { SystemInfo, SystemVersion } from '../../api/types/system.ts';

export interface SystemService {
  version(): Promise<SystemVersion>;
  info(): Promise<SystemInfo>;
}
