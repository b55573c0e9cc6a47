import type { PortBinding } from '../../../api/types/container.ts';

/** `0.0.0.0:8080`, `[::]:8080`. */
export function addressOf({ HostIp = '', HostPort = '' }: PortBinding): string {
  return HostIp.includes(':') ? `[${HostIp}]:${HostPort}` : `${HostIp}:${HostPort}`;
}
