import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** One use of options of `docker run`, and how its effect is seen: by a shell inside, or by the refusal. */
export interface OptionRow {
  /** Names of the options without dashes. */
  readonly options: readonly string[];
  readonly args: readonly string[];
  /** For `sh -c` in busybox; default: `true`. */
  readonly shell?: string;
  /** All of what is printed; default: nothing. */
  readonly out?: string | RegExp;
  /** Part of what stands on stderr; default: nothing does. */
  readonly err?: string;
  /** Default 0. */
  readonly status?: number;
}

export const V2 = existsSync('/sys/fs/cgroup/cgroup.controllers');

/** A file of the container's own cgroup, as seen inside, by its controller and names in version 1 and 2. */
const cgroup = (controller: string, v1: string, v2: string): string =>
  V2 ? `cat /sys/fs/cgroup/${v2}` : `cat /sys/fs/cgroup/${controller}/${v1}`;

/** A disk of the machine: its file and numbers. */
export const disk = (() => {
  const name = readFileSync('/proc/partitions', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/)[3] ?? '')
    .find((one) => one !== '' && existsSync(`/sys/block/${one}`) && existsSync(`/dev/${one}`));
  const file = join('/dev', name ?? 'null');
  const { rdev } = statSync(file);
  return { file, numbers: `${(rdev >> 8) & 0xfff}:${rdev & 0xff}` };
})();
const throttled = (option: string, file: string, rate: string, key: string): OptionRow => ({
  options: [option],
  args: [`--${option}`, `${disk.file}:${rate}`],
  shell: `${cgroup('blkio', file, 'io.max')} | grep ${disk.numbers}`,
  out: V2 ? new RegExp(`${key}=${parseInt(rate, 10)}`) : new RegExp(`^${disk.numbers} \\d+$`),
});
/** Kernels weigh block I/O for CFQ alone in version 1; where they do not, the wish is discarded. */
const weighs = V2 || existsSync('/sys/fs/cgroup/blkio/blkio.weight');

export const LIMIT_ROWS: readonly OptionRow[] = [
  {
    options: ['memory', 'memory-swap'],
    args: ['-m', '64m', '--memory-swap', '96m'],
    shell: cgroup('memory', 'memory.limit_in_bytes', 'memory.max'),
    out: '67108864',
  },
  {
    options: ['memory-swap'],
    args: ['-m', '64m', '--memory-swap', '96m'],
    shell: cgroup('memory', 'memory.memsw.limit_in_bytes', 'memory.swap.max'),
    out: V2 ? '33554432' : '100663296',
  },
  { options: ['memory'], args: ['-m', '5m'], err: 'Minimum memory limit allowed is 6MB', status: 125 },
  {
    options: ['memory-reservation'],
    args: ['--memory-reservation', '32m'],
    shell: cgroup('memory', 'memory.soft_limit_in_bytes', 'memory.low'),
    out: '33554432',
  },
  ...(V2
    ? [
        { options: ['memory-swappiness'], args: ['--memory-swappiness', '7'], err: 'Memory swappiness discarded.' },
        { options: ['oom-kill-disable'], args: ['--oom-kill-disable'], err: 'OomKillDisable discarded.' },
        {
          options: ['cpu-rt-runtime', 'cpu-rt-period'],
          args: ['--cpu-rt-runtime', '100'],
          err: 'kernel does not support CPU real-time scheduler',
          status: 125,
        },
      ]
    : [
        {
          options: ['memory-swappiness'],
          args: ['--memory-swappiness', '7'],
          shell: 'cat /sys/fs/cgroup/memory/memory.swappiness',
          out: '7',
        },
        {
          options: ['oom-kill-disable'],
          args: ['--oom-kill-disable', '-m', '32m'],
          shell: 'grep oom_kill_disable /sys/fs/cgroup/memory/memory.oom_control',
          out: 'oom_kill_disable 1',
        },
        {
          options: ['oom-kill-disable'],
          args: ['--oom-kill-disable'],
          err: 'OOM killer is disabled for the container, but no memory limit is set',
        },
      ]),
  { options: ['oom-score-adj'], args: ['--oom-score-adj', '321'], shell: 'cat /proc/self/oom_score_adj', out: '321' },
  // Docker 28 takes it and does nothing: the kernel has had no such limit since 5.4
  { options: ['kernel-memory'], args: ['--kernel-memory', '32m'], shell: 'true', out: '' },
  {
    options: ['cpu-shares'],
    args: ['-c', '512'],
    shell: cgroup('cpu', 'cpu.shares', 'cpu.weight'),
    out: V2 ? /^\d+$/ : '512',
  },
  { options: ['cpu-shares'], args: ['-c', '-1'], err: 'shares: invalid argument', status: 125 },
  {
    options: ['cpu-period', 'cpu-quota'],
    args: ['--cpu-period', '50000', '--cpu-quota', '25000'],
    shell: V2 ? 'cat /sys/fs/cgroup/cpu.max' : 'cd /sys/fs/cgroup/cpu; echo $(cat cpu.cfs_quota_us cpu.cfs_period_us)',
    out: '25000 50000',
  },
  {
    options: ['cpus'],
    args: ['--cpus', '0.5'],
    shell: V2 ? 'cat /sys/fs/cgroup/cpu.max' : 'cd /sys/fs/cgroup/cpu; echo $(cat cpu.cfs_quota_us cpu.cfs_period_us)',
    out: '50000 100000',
  },
  {
    options: ['cpus', 'cpu-period'],
    args: ['--cpus', '1', '--cpu-period', '50000'],
    err: 'Nano CPUs and CPU Period cannot both be set',
    status: 125,
  },
  {
    options: ['cpuset-cpus', 'cpuset-mems'],
    args: ['--cpuset-cpus', '0', '--cpuset-mems', '0'],
    shell: 'grep _allowed_list /proc/self/status',
    out: 'Cpus_allowed_list:\t0\nMems_allowed_list:\t0',
  },
  { options: ['pids-limit'], args: ['--pids-limit', '40'], shell: cgroup('pids', 'pids.max', 'pids.max'), out: '40' },
  {
    options: ['blkio-weight'],
    args: ['--blkio-weight', '300'],
    ...(weighs
      ? { shell: cgroup('blkio', 'blkio.weight', 'io.*weight'), out: /300/ }
      : { err: 'Block I/O weight or the cgroup is not mounted. Weight discarded.' }),
  },
  {
    options: ['blkio-weight-device'],
    args: ['--blkio-weight-device', `${disk.file}:300`],
    ...(weighs ? {} : { err: 'Weight-device discarded.' }),
  },
  throttled('device-read-bps', 'blkio.throttle.read_bps_device', '1mb', 'rbps'),
  throttled('device-write-bps', 'blkio.throttle.write_bps_device', '2mb', 'wbps'),
  throttled('device-read-iops', 'blkio.throttle.read_iops_device', '100', 'riops'),
  throttled('device-write-iops', 'blkio.throttle.write_iops_device', '200', 'wiops'),
  { options: ['device-read-bps'], args: ['--device-read-bps', '/dev/nowhere:1mb'], err: '/dev/nowhere', status: 127 },
  { options: ['ulimit'], args: ['--ulimit', 'nofile=100:200'], shell: 'ulimit -n; ulimit -Hn', out: '100\n200' },
  { options: ['shm-size'], args: ['--shm-size', '3m'], shell: 'df -k /dev/shm | tail -1', out: /^shm +3072 / },
  {
    options: ['sysctl'],
    args: ['--sysctl', 'net.ipv4.ip_default_ttl=77', '--sysctl', 'kernel.msgmax=9000'],
    shell: 'cat /proc/sys/net/ipv4/ip_default_ttl /proc/sys/kernel/msgmax',
    out: '77\n9000',
  },
  {
    options: ['storage-opt'],
    args: ['--storage-opt', 'size=1G'],
    err: "--storage-opt is supported only for overlay over xfs with 'pquota' mount option",
    status: 125,
  },
  { options: ['storage-opt'], args: ['--storage-opt', 'sise=1G'], err: 'unknown option sise', status: 125 },
  ...['cpu-count', 'cpu-percent', 'io-maxbandwidth', 'io-maxiops'].map((option) => ({
    options: [option],
    args: [`--${option}`, '1'],
    err: `"--${option}" is only supported on a Docker daemon running on windows, but the Docker daemon is running on linux`,
    status: 1,
  })),
];
