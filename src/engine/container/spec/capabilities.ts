import type { HostConfig } from '../../../api/types/container.ts';
import { KnownError, messageOf } from '../../../lib/errors.ts';

/** What a container gets by default, as Docker has it. */
const DEFAULT = [
  'CHOWN',
  'DAC_OVERRIDE',
  'FSETID',
  'FOWNER',
  'MKNOD',
  'NET_RAW',
  'SETGID',
  'SETUID',
  'SETFCAP',
  'SETPCAP',
  'NET_BIND_SERVICE',
  'SYS_CHROOT',
  'KILL',
  'AUDIT_WRITE',
];

/** Every capability by bit (capabilities(7)). */
export const ALL_CAPABILITIES: readonly string[] = [
  'CHOWN',
  'DAC_OVERRIDE',
  'DAC_READ_SEARCH',
  'FOWNER',
  'FSETID',
  'KILL',
  'SETGID',
  'SETUID',
  'SETPCAP',
  'LINUX_IMMUTABLE',
  'NET_BIND_SERVICE',
  'NET_BROADCAST',
  'NET_ADMIN',
  'NET_RAW',
  'IPC_LOCK',
  'IPC_OWNER',
  'SYS_MODULE',
  'SYS_RAWIO',
  'SYS_CHROOT',
  'SYS_PTRACE',
  'SYS_PACCT',
  'SYS_ADMIN',
  'SYS_BOOT',
  'SYS_NICE',
  'SYS_RESOURCE',
  'SYS_TIME',
  'SYS_TTY_CONFIG',
  'MKNOD',
  'LEASE',
  'AUDIT_WRITE',
  'AUDIT_CONTROL',
  'SETFCAP',
  'MAC_OVERRIDE',
  'MAC_ADMIN',
  'SYSLOG',
  'WAKE_ALARM',
  'BLOCK_SUSPEND',
  'AUDIT_READ',
  'PERFMON',
  'BPF',
  'CHECKPOINT_RESTORE',
].map((name) => `CAP_${name}`);

/**
 * Capabilities of a container. Privileged and ALL mean all that the daemon holds; one that the daemon does not hold cannot be given and is left out.
 * Errors: invalid_parameter for a name that does not exist.
 */
export function planCapabilities(
  host: Pick<HostConfig, 'Privileged' | 'CapAdd' | 'CapDrop'>,
  held: ReadonlySet<string>,
): readonly string[] {
  return wantedCapabilities(host).filter((name) => held.has(name));
}

/** What a container asks for and the daemon does not hold. Errors: as planCapabilities. */
export function missingCapabilities(
  host: Pick<HostConfig, 'Privileged' | 'CapAdd' | 'CapDrop'>,
  held: ReadonlySet<string>,
): readonly string[] {
  return wantedCapabilities(host).filter((name) => !held.has(name));
}

/** Errors: invalid_parameter that says which list has a name that does not exist. */
export function checkCapabilities(host: Pick<HostConfig, 'CapAdd' | 'CapDrop'>): void {
  for (const list of ['CapAdd', 'CapDrop'] as const) {
    for (const name of host[list] ?? []) {
      try {
        parseName(name);
      } catch (error) {
        throw new KnownError('invalid_parameter', `invalid ${list}: ${messageOf(error)}`, { cause: error });
      }
    }
  }
}

function wantedCapabilities(host: Pick<HostConfig, 'Privileged' | 'CapAdd' | 'CapDrop'>): readonly string[] {
  const add = (host.CapAdd ?? []).map(parseName);
  const drop = (host.CapDrop ?? []).map(parseName);
  if (host.Privileged) return ALL_CAPABILITIES;
  const base = drop.includes('ALL') ? [] : DEFAULT.map((name) => `CAP_${name}`);
  const wanted = new Set(add.includes('ALL') ? ALL_CAPABILITIES : [...base, ...add]);
  for (const name of drop) wanted.delete(name);
  return ALL_CAPABILITIES.filter((name) => wanted.has(name));
}

function parseName(text: string): string {
  const upper = text.trim().toUpperCase();
  if (upper === 'ALL') return upper;
  const name = upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
  if (!ALL_CAPABILITIES.includes(name)) throw new KnownError('invalid_parameter', `unknown capability: "${name}"`);
  return name;
}
