import { KnownError } from '../../../lib/errors.ts';
import { parseProfile, type SeccompProfile } from './seccomp.ts';

/** What --security-opt asks for; what is undefined was not spoken of. */
export interface Security {
  readonly noNewPrivileges: boolean | undefined;
  readonly seccomp: 'default' | 'unconfined' | SeccompProfile;
  /** A profile's name, or `unconfined`. */
  readonly appArmor: string | undefined;
  /** SELinux: `disable`, `type:...` and the like. */
  readonly labels: readonly string[];
  readonly writableCgroups: boolean | undefined;
}

/** Errors: invalid_parameter for an option that is unknown or malformed, in Docker's words. */
export function parseSecurity(options: readonly string[]): Security {
  let parsed: Security = {
    noNewPrivileges: undefined,
    seccomp: 'default',
    appArmor: undefined,
    labels: [],
    writableCgroups: undefined,
  };
  for (const option of options) parsed = { ...parsed, ...parseOption(option, parsed) };
  return parsed;
}

function parseOption(option: string, { labels }: Security): Partial<Security> {
  if (option === 'no-new-privileges') return { noNewPrivileges: true };
  if (option === 'disable') return { labels: [...labels, option] };
  const [key, value] = splitOption(option);
  const refuse = (step: 1 | 2): KnownError =>
    new KnownError('invalid_parameter', `invalid --security-opt ${step}: ${JSON.stringify(option.slice(0, 100))}`);
  if (value === undefined) throw refuse(1);
  const asBool = (): boolean => {
    const bool = parseBool(value);
    if (bool === undefined) throw refuse(2);
    return bool;
  };
  switch (key) {
    case 'label':
      return { labels: [...labels, value] };
    case 'apparmor':
      return { appArmor: value };
    case 'seccomp':
      return { seccomp: namedProfile(value) };
    case 'no-new-privileges':
      return { noNewPrivileges: asBool() };
    case 'writable-cgroups':
      return { writableCgroups: asBool() };
    default:
      throw refuse(2);
  }
}

/** At the first `=`, or at the first `:` where there is none. */
function splitOption(option: string): readonly [string, string?] {
  const at = option.includes('=') ? option.indexOf('=') : option.indexOf(':');
  return at === -1 ? [option] : [option.slice(0, at), option.slice(at + 1)];
}

/** Go's strconv.ParseBool. */
function parseBool(text: string): boolean | undefined {
  if (['1', 't', 'T', 'TRUE', 'true', 'True'].includes(text)) return true;
  return ['0', 'f', 'F', 'FALSE', 'false', 'False'].includes(text) ? false : undefined;
}

function namedProfile(value: string): Security['seccomp'] {
  if (value === 'unconfined') return value;
  return value === '' || value === 'builtin' ? 'default' : parseProfile(value);
}

/** What the machine's kernel enforces. */
export interface SecurityModules {
  /** Name of the profile that containers have by default; undefined: the kernel has no AppArmor. */
  readonly appArmor: string | undefined;
}

/** The AppArmor profile of a container; undefined where the kernel has none (moby: daemon/apparmor_default.go). */
export function planAppArmor(
  { appArmor }: Security,
  privileged: boolean | undefined,
  modules: SecurityModules,
): string | undefined {
  if (modules.appArmor === undefined) return undefined;
  return appArmor || (privileged ? 'unconfined' : modules.appArmor);
}

/** For options that cannot take effect: Docker discards them without a word. */
export function securityWarnings(security: Security, modules: SecurityModules): string[] {
  const label = security.labels.find((one) => one !== 'disable');
  return [
    ...(security.appArmor !== undefined && security.appArmor !== 'unconfined' && modules.appArmor === undefined
      ? [`Your kernel does not support AppArmor, or it is not enabled. Profile ${security.appArmor} discarded.`]
      : []),
    ...(label === undefined ? [] : [`This engine sets no SELinux labels. Label option ${label} discarded.`]),
  ];
}
