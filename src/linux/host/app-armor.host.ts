import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { KnownError } from '../../lib/errors.ts';
import { DEFAULT_PROFILE_NAME, formatDefaultProfile } from './app-armor-profile.ts';

/** AppArmor of this kernel. */
export interface AppArmor {
  /** Name of the profile that containers have by default; undefined: the kernel has no AppArmor. */
  readonly defaultProfile: string | undefined;
  /**
   * Loads the default profile if the kernel does not have it (any more: tools that load all profiles anew take away those without a file). Errors:
   * system, with what apparmor_parser says.
   */
  ensureDefault(): void;
}

/**
 * Where the kernel shows it (apparmor(7), securityfs), and the program that loads profiles (apparmor_parser(8)). It counts as not there without that program,
 * and inside of a container, where profiles are not ours to load: as containerd has it (pkg/apparmor).
 */
export function createAppArmor({
  modules = '/sys/module',
  security = '/sys/kernel/security',
  parser = '/sbin/apparmor_parser',
  container = process.env['container'] ?? '',
} = {}): AppArmor {
  const enabled = join(modules, 'apparmor/parameters/enabled');
  const profiles = join(security, 'apparmor/profiles');
  const isUsable =
    container === '' &&
    [enabled, profiles, parser].every((path) => existsSync(path)) &&
    readFileSync(enabled, 'utf8').startsWith('Y');
  const isLoaded = (): boolean =>
    readFileSync(profiles, 'utf8')
      .split('\n')
      .some((line) => line.startsWith(`${DEFAULT_PROFILE_NAME} (`));
  return {
    defaultProfile: isUsable ? DEFAULT_PROFILE_NAME : undefined,
    ensureDefault() {
      if (isLoaded()) return;
      const { error, status, stderr } = spawnSync(parser, ['-Kr'], {
        input: formatDefaultProfile(existsSync),
        encoding: 'utf8',
        timeout: 30_000,
      });
      if (error || status !== 0)
        throw new KnownError(
          'system',
          `AppArmor enabled on system but the ${DEFAULT_PROFILE_NAME} profile could not be loaded: ${error?.message ?? stderr.slice(-4096)}`,
        );
    },
  };
}
