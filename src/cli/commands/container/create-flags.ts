import type { Flag } from '../../../lib/flags/flag.ts';
import { parseUint } from '../../../lib/flags/number.ts';
import { invalid } from '../../../lib/invalid.ts';
import { parseSize, parseSwap } from '../../../lib/size.ts';
import { parseUlimit } from '../../../lib/ulimit.ts';
import { parseCpus } from '../../parse/cpus.ts';
import {
  checkDeviceCgroupRule,
  parseGpus,
  parseThrottleBps,
  parseThrottleIops,
  parseWeightDevice,
} from '../../parse/device.ts';
import { parseDuration } from '../../parse/duration.ts';
import { checkLabel, parseEnv } from '../../parse/env.ts';
import { checkLink, parseDnsSearch, parseDnsServer, parseExtraHost } from '../../parse/host.ts';
import { parseMount } from '../../parse/mount.ts';
import { parseNetwork } from '../../parse/network.ts';
import { parseSecret } from '../../parse/secret.ts';
import { checkSysctl } from '../../parse/sysctl.ts';

/** The options that run and create share; what only Windows has is left out of the help. */
export const CREATE_FLAGS: readonly Flag[] = [
  { name: 'add-host', kind: 'list', description: 'Add a custom host-to-IP mapping (host:ip)', check: parseExtraHost },
  {
    name: 'annotation',
    kind: 'list',
    placeholder: 'map',
    description: 'Add an annotation to the container (passed through to the OCI runtime) (default map[])',
  },
  { name: 'attach', short: 'a', kind: 'list', description: 'Attach to STDIN, STDOUT or STDERR', check: checkStream },
  {
    name: 'blkio-weight',
    kind: 'string',
    placeholder: 'uint16',
    description: 'Block IO (relative weight), between 10 and 1000, or 0 to disable (default 0)',
    check: uint(65535),
  },
  {
    name: 'blkio-weight-device',
    kind: 'list',
    description: 'Block IO weight (relative device weight) (default [])',
    check: parseWeightDevice,
  },
  { name: 'cap-add', kind: 'list', description: 'Add Linux capabilities' },
  { name: 'cap-drop', kind: 'list', description: 'Drop Linux capabilities' },
  { name: 'cgroup-parent', kind: 'string', description: 'Optional parent cgroup for the container' },
  {
    name: 'cgroupns',
    kind: 'string',
    description:
      "Cgroup namespace to use (host|private)\n'host':    Run the container in the Docker host's cgroup namespace\n'private': Run the container in its own private cgroup namespace\n'':        Use the cgroup namespace as configured by the\n           default-cgroupns-mode option on the daemon (default)",
  },
  { name: 'cidfile', kind: 'string', description: 'Write the container ID to the file' },
  { name: 'cpu-count', hidden: true, kind: 'int', description: 'CPU count (Windows only)' },
  { name: 'cpu-percent', hidden: true, kind: 'int', description: 'CPU percent (Windows only)' },
  { name: 'cpu-period', kind: 'int', description: 'Limit CPU CFS (Completely Fair Scheduler) period' },
  { name: 'cpu-quota', kind: 'int', description: 'Limit CPU CFS (Completely Fair Scheduler) quota' },
  { name: 'cpu-rt-period', kind: 'int', description: 'Limit CPU real-time period in microseconds' },
  { name: 'cpu-rt-runtime', kind: 'int', description: 'Limit CPU real-time runtime in microseconds' },
  { name: 'cpu-shares', short: 'c', kind: 'int', description: 'CPU shares (relative weight)' },
  { name: 'cpus', kind: 'string', placeholder: 'decimal', description: 'Number of CPUs', check: parseCpus },
  { name: 'cpuset-cpus', kind: 'string', description: 'CPUs in which to allow execution (0-3, 0,1)' },
  { name: 'cpuset-mems', kind: 'string', description: 'MEMs in which to allow execution (0-3, 0,1)' },
  { name: 'device', kind: 'list', description: 'Add a host device to the container' },
  {
    name: 'device-cgroup-rule',
    kind: 'list',
    description: 'Add a rule to the cgroup allowed devices list',
    check: checkDeviceCgroupRule,
  },
  {
    name: 'device-read-bps',
    kind: 'list',
    description: 'Limit read rate (bytes per second) from a device (default [])',
    check: parseThrottleBps,
  },
  {
    name: 'device-read-iops',
    kind: 'list',
    description: 'Limit read rate (IO per second) from a device (default [])',
    check: parseThrottleIops,
  },
  {
    name: 'device-write-bps',
    kind: 'list',
    description: 'Limit write rate (bytes per second) to a device (default [])',
    check: parseThrottleBps,
  },
  {
    name: 'device-write-iops',
    kind: 'list',
    description: 'Limit write rate (IO per second) to a device (default [])',
    check: parseThrottleIops,
  },
  { name: 'disable-content-trust', kind: 'bool', default: true, description: 'Skip image verification' },
  { name: 'dns', kind: 'list', description: 'Set custom DNS servers', check: parseDnsServer },
  { name: 'dns-option', kind: 'list', description: 'Set DNS options', aliases: ['dns-opt'] },
  { name: 'dns-search', kind: 'list', description: 'Set custom DNS search domains', check: parseDnsSearch },
  { name: 'domainname', kind: 'string', description: 'Container NIS domain name' },
  { name: 'entrypoint', kind: 'string', description: 'Overwrite the default ENTRYPOINT of the image' },
  {
    name: 'env',
    short: 'e',
    kind: 'list',
    description: 'Set environment variables',
    check: (text) => parseEnv(text, () => undefined),
  },
  { name: 'env-file', kind: 'list', description: 'Read in a file of environment variables' },
  { name: 'expose', kind: 'list', description: 'Expose a port or a range of ports' },
  {
    name: 'gpus',
    kind: 'list',
    placeholder: 'gpu-request',
    description: "GPU devices to add to the container ('all' to pass all GPUs)",
    check: parseGpus,
  },
  { name: 'group-add', kind: 'list', description: 'Add additional groups to join' },
  { name: 'health-cmd', kind: 'string', description: 'Command to run to check health' },
  {
    name: 'health-interval',
    kind: 'string',
    placeholder: 'duration',
    description: 'Time between running the check (ms|s|m|h) (default 0s)',
    check: parseDuration,
  },
  { name: 'health-retries', kind: 'int', description: 'Consecutive failures needed to report unhealthy' },
  {
    name: 'health-start-interval',
    kind: 'string',
    placeholder: 'duration',
    description: 'Time between running the check during the start period (ms|s|m|h) (default 0s)',
    check: parseDuration,
  },
  {
    name: 'health-start-period',
    kind: 'string',
    placeholder: 'duration',
    description:
      'Start period for the container to initialize before starting health-retries countdown (ms|s|m|h) (default 0s)',
    check: parseDuration,
  },
  {
    name: 'health-timeout',
    kind: 'string',
    placeholder: 'duration',
    description: 'Maximum time to allow one check to run (ms|s|m|h) (default 0s)',
    check: parseDuration,
  },
  { name: 'hostname', short: 'h', kind: 'string', description: 'Container host name' },
  {
    name: 'init',
    kind: 'bool',
    description: 'Run an init inside the container that forwards signals and reaps processes',
  },
  { name: 'interactive', short: 'i', kind: 'bool', description: 'Keep STDIN open even if not attached' },
  {
    name: 'io-maxbandwidth',
    hidden: true,
    kind: 'string',
    placeholder: 'bytes',
    description: 'Maximum IO bandwidth limit for the system drive (Windows only)',
    check: parseSize,
  },
  {
    name: 'io-maxiops',
    hidden: true,
    kind: 'string',
    placeholder: 'uint',
    description: 'Maximum IOps limit for the system drive (Windows only)',
    check: uint(),
  },
  { name: 'ip', kind: 'string', description: 'IPv4 address (e.g., 172.30.100.104)' },
  { name: 'ip6', kind: 'string', description: 'IPv6 address (e.g., 2001:db8::33)' },
  { name: 'ipc', kind: 'string', description: 'IPC mode to use' },
  { name: 'isolation', kind: 'string', description: 'Container isolation technology' },
  { name: 'kernel-memory', kind: 'string', placeholder: 'bytes', description: 'Kernel memory limit', check: parseSize },
  { name: 'label', short: 'l', kind: 'list', description: 'Set meta data on a container', check: checkLabel },
  { name: 'label-file', kind: 'list', description: 'Read in a line delimited file of labels' },
  { name: 'link', kind: 'list', description: 'Add link to another container', check: checkLink },
  { name: 'link-local-ip', kind: 'list', description: 'Container IPv4/IPv6 link-local addresses' },
  { name: 'log-driver', kind: 'string', description: 'Logging driver for the container' },
  { name: 'log-opt', kind: 'list', description: 'Log driver options' },
  { name: 'mac-address', kind: 'string', description: 'Container MAC address (e.g., 92:d0:c6:0a:29:33)' },
  { name: 'memory', short: 'm', kind: 'string', placeholder: 'bytes', description: 'Memory limit', check: parseSize },
  {
    name: 'memory-reservation',
    kind: 'string',
    placeholder: 'bytes',
    description: 'Memory soft limit',
    check: parseSize,
  },
  {
    name: 'memory-swap',
    kind: 'string',
    placeholder: 'bytes',
    description: "Swap limit equal to memory plus swap: '-1' to enable unlimited swap",
    check: parseSwap,
  },
  { name: 'memory-swappiness', kind: 'int', default: -1, description: 'Tune container memory swappiness (0 to 100)' },
  {
    name: 'mount',
    kind: 'list',
    placeholder: 'mount',
    description: 'Attach a filesystem mount to the container',
    check: (text) => parseMount(text, (path) => path),
  },
  { name: 'name', kind: 'string', description: 'Assign a name to the container' },
  {
    name: 'network',
    kind: 'list',
    placeholder: 'network',
    description: 'Connect a container to a network',
    aliases: ['net'],
    check: parseNetwork,
  },
  {
    name: 'network-alias',
    kind: 'list',
    description: 'Add network-scoped alias for the container',
    aliases: ['net-alias'],
  },
  { name: 'no-healthcheck', kind: 'bool', description: 'Disable any container-specified HEALTHCHECK' },
  { name: 'oom-kill-disable', kind: 'bool', description: 'Disable OOM Killer' },
  { name: 'oom-score-adj', kind: 'int', description: "Tune host's OOM preferences (-1000 to 1000)" },
  { name: 'pid', kind: 'string', description: 'PID namespace to use' },
  { name: 'pids-limit', kind: 'int', description: 'Tune container pids limit (set -1 for unlimited)' },
  { name: 'platform', kind: 'string', description: 'Set platform if server is multi-platform capable' },
  { name: 'privileged', kind: 'bool', description: 'Give extended privileges to this container' },
  { name: 'publish', short: 'p', kind: 'list', description: "Publish a container's port(s) to the host" },
  {
    name: 'published-ports',
    kind: 'list',
    hidden: true,
    description:
      'Who decides from where published ports are reached: docker or host-firewall, of one with PORT[/PROTO]=',
  },
  { name: 'publish-all', short: 'P', kind: 'bool', description: 'Publish all exposed ports to random ports' },
  {
    name: 'pull',
    kind: 'string',
    default: 'missing',
    description: 'Pull image before running ("always", "missing", "never")',
  },
  { name: 'quiet', short: 'q', kind: 'bool', description: 'Suppress the pull output' },
  { name: 'read-only', kind: 'bool', description: "Mount the container's root filesystem as read only" },
  { name: 'restart', kind: 'string', default: 'no', description: 'Restart policy to apply when a container exits' },
  {
    name: 'rm',
    kind: 'bool',
    description: 'Automatically remove the container and its associated anonymous volumes when it exits',
  },
  { name: 'runtime', kind: 'string', description: 'Runtime to use for this container' },
  {
    name: 'secret',
    kind: 'list',
    hidden: true,
    description: 'Give the container a secret of this engine as a file in /run/secrets',
    check: parseSecret,
  },
  { name: 'security-opt', kind: 'list', description: 'Security Options' },
  { name: 'shm-size', kind: 'string', placeholder: 'bytes', description: 'Size of /dev/shm', check: parseSize },
  { name: 'stop-signal', kind: 'string', description: 'Signal to stop the container' },
  { name: 'stop-timeout', kind: 'int', description: 'Timeout (in seconds) to stop a container' },
  { name: 'storage-opt', kind: 'list', description: 'Storage driver options for the container' },
  {
    name: 'sysctl',
    kind: 'list',
    placeholder: 'map',
    description: 'Sysctl options (default map[])',
    check: checkSysctl,
  },
  { name: 'tmpfs', kind: 'list', description: 'Mount a tmpfs directory' },
  { name: 'tty', short: 't', kind: 'bool', description: 'Allocate a pseudo-TTY' },
  {
    name: 'ulimit',
    kind: 'list',
    placeholder: 'ulimit',
    description: 'Ulimit options (default [])',
    check: parseUlimit,
  },
  { name: 'use-api-socket', kind: 'bool', description: 'Bind mount Docker API socket and required auth' },
  { name: 'user', short: 'u', kind: 'string', description: 'Username or UID (format: <name|uid>[:<group|gid>])' },
  { name: 'userns', kind: 'string', description: 'User namespace to use' },
  { name: 'uts', kind: 'string', description: 'UTS namespace to use' },
  { name: 'volume', short: 'v', kind: 'list', description: 'Bind mount a volume' },
  { name: 'volume-driver', kind: 'string', description: 'Optional volume driver for the container' },
  { name: 'volumes-from', kind: 'list', description: 'Mount volumes from the specified container(s)' },
  { name: 'workdir', short: 'w', kind: 'string', description: 'Working directory inside the container' },
];

/** The options of run alone. */
export const RUN_FLAGS: readonly Flag[] = [
  { name: 'detach', short: 'd', kind: 'bool', description: 'Run container in background and print container ID' },
  { name: 'detach-keys', kind: 'string', description: 'Override the key sequence for detaching a container' },
  { name: 'sig-proxy', kind: 'bool', default: true, description: 'Proxy received signals to the process' },
];

function uint(most?: number): (text: string) => void {
  return (text) => {
    parseUint(text, most);
  };
}

function checkStream(text: string): void {
  if (!['stdin', 'stdout', 'stderr'].includes(text.toLowerCase())) {
    throw invalid('valid streams are STDIN, STDOUT and STDERR');
  }
}
