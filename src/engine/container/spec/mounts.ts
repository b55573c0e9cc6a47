import type { HostConfig } from '../../../api/types/container.ts';
import type { SpecMount } from '../spec-input.ts';
import type { RuntimeMount } from './runtime-spec.ts';

const HARDENED = ['nosuid', 'noexec', 'nodev'];

interface MountSettings {
  readonly init: string | undefined;
  readonly writableCgroups: boolean;
  /** It has another user namespace than the host. */
  readonly ownUserns: boolean;
}

/** The container's mounts in the order in which they must be made: parents before children. User's mounts replace default ones at the same place. */
export function planMounts(
  host: HostConfig,
  own: readonly SpecMount[],
  { init, writableCgroups, ownUserns }: MountSettings,
): readonly RuntimeMount[] {
  const added: readonly RuntimeMount[] = [
    ...own.map(toRuntimeMount),
    ...(init === undefined
      ? []
      : [{ destination: '/sbin/docker-init', type: 'bind', source: init, options: ['bind', 'ro'] }]),
  ];
  const taken = new Set(added.map(({ destination }) => destination));
  const kept = defaults(host, { writableCgroups, ownUserns }).filter(({ destination }) => !taken.has(destination));
  return [...kept, ...added].toSorted((a, b) => depth(a.destination) - depth(b.destination));
}

function toRuntimeMount({ destination, type, source, options }: SpecMount): RuntimeMount {
  return {
    destination,
    type,
    source,
    options:
      type === 'bind' && !options.includes('bind') && !options.includes('rbind') ? ['rbind', ...options] : options,
  };
}

function defaults(
  host: HostConfig,
  { writableCgroups, ownUserns }: Omit<MountSettings, 'init'>,
): readonly RuntimeMount[] {
  const access = host.Privileged ? 'rw' : 'ro';
  return [
    { destination: '/proc', type: 'proc', source: 'proc', options: HARDENED },
    {
      destination: '/dev',
      type: 'tmpfs',
      source: 'tmpfs',
      options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'],
    },
    {
      destination: '/dev/pts',
      type: 'devpts',
      source: 'devpts',
      options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
    },
    { destination: '/sys', type: 'sysfs', source: 'sysfs', options: [...HARDENED, access] },
    {
      destination: '/sys/fs/cgroup',
      type: 'cgroup',
      source: 'cgroup',
      options: [...HARDENED, writableCgroups ? 'rw' : 'ro'],
    },
    ...ipcMounts(host, ownUserns),
  ];
}

function ipcMounts(host: HostConfig, ownUserns: boolean): readonly RuntimeMount[] {
  const mqueue = { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: HARDENED };
  switch (host.IpcMode) {
    case 'host':
      // The queues are those of the namespace, so the host's are seen by whoever mounts them: not by another user namespace.
      return [
        ...(ownUserns ? [] : [mqueue]),
        { destination: '/dev/shm', type: 'bind', source: '/dev/shm', options: ['rbind', ...HARDENED] },
      ];
    case 'none':
      return [mqueue];
    default:
      return [
        mqueue,
        {
          destination: '/dev/shm',
          type: 'tmpfs',
          source: 'shm',
          options: [...HARDENED, 'mode=1777', `size=${host.ShmSize ?? 67_108_864}`],
        },
      ];
  }
}

function depth(path: string): number {
  return path.split('/').filter(Boolean).length;
}
