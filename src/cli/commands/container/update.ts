import type { ContainerUpdateResponse } from '../../../api/types/container.ts';
import { KnownError, messageOf } from '../../../lib/errors.ts';
import type { Flag, Flags } from '../../../lib/flags/flag.ts';
import { parseUint } from '../../../lib/flags/number.ts';
import { parseSize, parseSwap } from '../../../lib/size.ts';
import type { Command } from '../../command.ts';
import { ExitError } from '../../exit-error.ts';
import { parseCpus } from '../../parse/cpus.ts';
import { parseRestartPolicy } from '../../parse/restart.ts';
import { containerPath } from './each.ts';

const bytes = (name: string, description: string, check: (text: string) => unknown = parseSize): Flag => ({
  name,
  kind: 'string',
  placeholder: 'bytes',
  description,
  check: (text) => void check(text),
});

const FLAGS: readonly Flag[] = [
  {
    name: 'blkio-weight',
    kind: 'string',
    placeholder: 'uint16',
    description: 'Block IO (relative weight), between 10 and 1000, or 0 to disable (default 0)',
    check: (text) => void parseUint(text),
  },
  { name: 'cpu-period', kind: 'int', description: 'Limit CPU CFS (Completely Fair Scheduler) period' },
  { name: 'cpu-quota', kind: 'int', description: 'Limit CPU CFS (Completely Fair Scheduler) quota' },
  { name: 'cpu-rt-period', kind: 'int', description: 'Limit the CPU real-time period in microseconds' },
  { name: 'cpu-rt-runtime', kind: 'int', description: 'Limit the CPU real-time runtime in microseconds' },
  { name: 'cpu-shares', short: 'c', kind: 'int', description: 'CPU shares (relative weight)' },
  {
    name: 'cpus',
    kind: 'string',
    placeholder: 'decimal',
    description: 'Number of CPUs',
    check: (text) => void parseCpus(text),
  },
  { name: 'cpuset-cpus', kind: 'string', description: 'CPUs in which to allow execution (0-3, 0,1)' },
  { name: 'cpuset-mems', kind: 'string', description: 'MEMs in which to allow execution (0-3, 0,1)' },
  { ...bytes('memory', 'Memory limit'), short: 'm' },
  bytes('memory-reservation', 'Memory soft limit'),
  bytes('memory-swap', 'Swap limit equal to memory plus swap: -1 to enable unlimited swap', parseSwap),
  { name: 'pids-limit', kind: 'int', description: 'Tune container pids limit (set -1 for unlimited)' },
  { name: 'restart', kind: 'string', description: 'Restart policy to apply when a container exits' },
];

/** `docker update`. */
export const update: Command = {
  usage: 'docker update [OPTIONS] CONTAINER [CONTAINER...]',
  description: 'Update configuration of one or more containers',
  flags: FLAGS,
  args: { min: 1 },
  async run({ api, out }, { flags, args }) {
    if (!FLAGS.some(({ name }) => flags.given(name)))
      throw new KnownError('invalid_parameter', 'you must provide one or more flags when using this command');
    const body = bodyOf(flags);
    const [warnings, failures]: [string[], string[]] = [[], []];
    for (const name of args) {
      try {
        const answer = await api.json<ContainerUpdateResponse>('POST', containerPath(name, '/update'), { body });
        out(`${name}\n`);
        warnings.push(...(answer.Warnings ?? []));
      } catch (error) {
        failures.push(messageOf(error));
      }
    }
    if (warnings.length > 0) out(`${warnings.join('\n')}\n`);
    if (failures.length > 0) throw new ExitError(1, failures.join('\n'));
    return 0;
  },
};

function bodyOf(flags: Flags): object {
  const number = (name: string, parse: (text: string) => number): number =>
    flags.text(name) === '' ? 0 : parse(flags.text(name));
  const pids = flags.int('pids-limit');
  return {
    BlkioWeight: number('blkio-weight', parseUint),
    CpuPeriod: flags.int('cpu-period'),
    CpuQuota: flags.int('cpu-quota'),
    CpuRealtimePeriod: flags.int('cpu-rt-period'),
    CpuRealtimeRuntime: flags.int('cpu-rt-runtime'),
    CpuShares: flags.int('cpu-shares'),
    NanoCpus: number('cpus', parseCpus),
    CpusetCpus: flags.text('cpuset-cpus'),
    CpusetMems: flags.text('cpuset-mems'),
    Memory: number('memory', parseSize),
    MemoryReservation: number('memory-reservation', parseSize),
    MemorySwap: number('memory-swap', parseSwap),
    ...(pids === 0 ? {} : { PidsLimit: pids }),
    RestartPolicy: flags.text('restart') === '' ? { Name: '' } : parseRestartPolicy(flags.text('restart')),
  };
}
