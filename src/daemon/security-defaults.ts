import { readFileSync } from 'node:fs';
import type { HostFacts } from '../engine/container/spec/host-facts.ts';
import { parseProfile, type SeccompProfile } from '../engine/container/spec/seccomp.ts';
import { KnownError, messageOf } from '../lib/errors.ts';
import { readSeccompProfile } from '../linux/host/host-facts.host.ts';
import type { DaemonConfig } from './config/daemon-config.ts';

/** What containers do not see of the machine, as with Docker. */
export const MASKED = [
  '/proc/asound',
  '/proc/acpi',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
];
/** What they see and cannot change. */
export const READONLY = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

/** `setting`: a file, `unconfined`, `builtin`, or empty. Errors: invalid_parameter naming the file. */
export function readDefaultSeccomp(setting: string): SeccompProfile | 'unconfined' | undefined {
  if (setting === 'unconfined') return 'unconfined';
  if (setting === '' || setting === 'builtin') return readSeccompProfile<SeccompProfile>();
  try {
    return parseProfile(readFileSync(setting, 'utf8'));
  } catch (error) {
    throw new KnownError('invalid_parameter', `opening seccomp profile (${setting}) failed: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** As `docker info` tells them. */
export function securityOptions(
  { seccompProfile, noNewPrivileges }: DaemonConfig['container'],
  { defaultSeccomp, securityModules }: HostFacts,
  remapsUsers: boolean,
): readonly string[] {
  const profile = seccompProfile === '' ? 'builtin' : seccompProfile;
  return [
    ...(securityModules.appArmor !== undefined ? ['name=apparmor'] : []),
    ...(defaultSeccomp === undefined ? [] : [`name=seccomp,profile=${profile}`]),
    ...(remapsUsers ? ['name=userns'] : []),
    ...(noNewPrivileges ? ['name=no-new-privileges'] : []),
  ];
}
