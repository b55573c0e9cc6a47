import { KnownError } from '../../../lib/errors.ts';

/** A seccomp profile as Docker writes it: OCI's plus rules that depend on capabilities and architecture. */
export interface SeccompProfile {
  readonly defaultAction: string;
  readonly defaultErrnoRet?: number;
  readonly archMap?: readonly { readonly architecture: string; readonly subArchitectures: readonly string[] | null }[];
  readonly architectures?: readonly string[];
  readonly syscalls?: readonly SeccompRule[];
}

interface SeccompRule {
  readonly names: readonly string[];
  readonly action: string;
  readonly errnoRet?: number;
  readonly args?: readonly object[] | null;
  readonly includes?: SeccompCondition;
  readonly excludes?: SeccompCondition;
}

interface SeccompCondition {
  readonly caps?: readonly string[];
  readonly arches?: readonly string[];
  readonly minKernel?: string;
}

const SECCOMP_ARCHITECTURES: Readonly<Record<string, string>> = {
  amd64: 'SCMP_ARCH_X86_64',
  arm64: 'SCMP_ARCH_AARCH64',
  arm: 'SCMP_ARCH_ARM',
  riscv64: 'SCMP_ARCH_RISCV64',
};

/** The profile as OCI's linux.seccomp for these capabilities and this machine (`architecture` in Go's names). */
export function resolveSeccomp(
  profile: SeccompProfile,
  capabilities: readonly string[],
  { architecture, kernelVersion }: { readonly architecture: string; readonly kernelVersion: string },
): object {
  const own = profile.archMap?.find((entry) => entry.architecture === SECCOMP_ARCHITECTURES[architecture]);
  const applies = ({ includes = {}, excludes = {} }: SeccompRule): boolean =>
    (includes.caps ?? []).every((name) => capabilities.includes(name)) &&
    (includes.arches === undefined || includes.arches.includes(architecture)) &&
    (includes.minKernel === undefined || isAtLeast(kernelVersion, includes.minKernel)) &&
    !(excludes.minKernel !== undefined && isAtLeast(kernelVersion, excludes.minKernel)) &&
    !(excludes.caps ?? []).some((name) => capabilities.includes(name)) &&
    !(excludes.arches ?? []).includes(architecture);
  return {
    defaultAction: profile.defaultAction,
    ...(profile.defaultErrnoRet !== undefined && { defaultErrnoRet: profile.defaultErrnoRet }),
    architectures: own ? [own.architecture, ...(own.subArchitectures ?? [])] : (profile.architectures ?? []),
    syscalls: (profile.syscalls ?? []).filter(applies).map(({ names, action, errnoRet, args }) => ({
      names,
      action,
      ...(errnoRet !== undefined && { errnoRet }),
      ...(args && args.length > 0 && { args }),
    })),
  };
}

/** Compares `major.minor`, which is all a profile may name. */
function isAtLeast(version: string, wanted: string): boolean {
  const parts = (text: string): readonly number[] => (/^(\d+)\.(\d+)/.exec(text) ?? []).slice(1).map(Number);
  const [major = 0, minor = 0] = parts(version);
  const [wantedMajor = 0, wantedMinor = 0] = parts(wanted);
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}

/** A profile's text. Errors: invalid_parameter. */
export function parseProfile(value: string): SeccompProfile {
  try {
    const profile = JSON.parse(value) as SeccompProfile;
    if (typeof profile.defaultAction === 'string') return profile;
  } catch (error) {
    throw new KnownError('invalid_parameter', 'decoding seccomp profile failed', { cause: error });
  }
  throw new KnownError('invalid_parameter', 'seccomp profile has no defaultAction');
}
