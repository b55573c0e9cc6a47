export const DEFAULT_PROFILE_NAME = 'docker-default';

/**
 * What containers may do where AppArmor is there, as apparmor.d(5) has it: files, network and capabilities as the container's other limits say;
 * no mounts; nothing of the kernel written through /proc and /sys but what is the container's own (shared memory's sysctls); signals and traces among
 * themselves, and signals from the host's unconfined processes. `exists` finds the distribution's own rules.
 */
export function formatDefaultProfile(exists: (path: string) => boolean): string {
  const has = (name: string): boolean => exists(`/etc/apparmor.d/${name}`);
  return `${has('tunables/global') ? '#include <tunables/global>' : '@{PROC}=/proc/'}

profile ${DEFAULT_PROFILE_NAME} flags=(attach_disconnected,mediate_deleted) {
${has('abstractions/base') ? '  #include <abstractions/base>\n' : ''}  network,
  capability,
  file,
  umount,

  signal (receive) peer=unconfined,
  signal (receive) peer=crun,
  signal (receive) peer=runc,
  signal (send,receive) peer=${DEFAULT_PROFILE_NAME},
  ptrace (trace,read,tracedby,readby) peer=${DEFAULT_PROFILE_NAME},

  deny mount,

${DENIED_WRITES.map((path) => `  deny ${path} w,\n`).join('')}
${DENIED.map((path) => `  deny ${path} rwklx,\n`).join('')}
${DENIED_CHANGES.map((path) => `  deny ${path} wklx,\n`).join('')}}
`;
}

/** A process's own folder begins with a digit; kernel/shm* below sys is the container's. A pattern cannot say "all but", so it goes letter by letter. */
const DENIED_WRITES = [
  '@{PROC}/*',
  '@{PROC}/[^0-9s]*/**',
  '@{PROC}/s[^y]*/**',
  '@{PROC}/sy[^s]*/**',
  '@{PROC}/sys[^/]*/**',
  '@{PROC}/sys/[^k]*{,/**}',
  '@{PROC}/sys/k[^e]*{,/**}',
  '@{PROC}/sys/kernel/[^s]*{,/**}',
  '@{PROC}/sys/kernel/s[^h]*{,/**}',
  '@{PROC}/sys/kernel/sh[^m]*{,/**}',
];
const DENIED = ['@{PROC}/sysrq-trigger', '@{PROC}/kcore'];
/** Of /sys only what is below fs/cgroup may be the container's. */
const DENIED_CHANGES = [
  '/sys/[^f]*/**',
  '/sys/f[^s]*/**',
  '/sys/fs/[^c]*/**',
  '/sys/fs/c[^g]*/**',
  '/sys/fs/cg[^r]*/**',
  '/sys/firmware/**',
  '/sys/devices/virtual/powercap/**',
  '/sys/kernel/security/**',
];
