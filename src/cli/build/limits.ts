import type { Flags } from '../../lib/flags/flag.ts';
import { parseSize, parseSwap } from '../../lib/size.ts';
import { parseUlimit } from '../../lib/ulimit.ts';
import { parseExtraHost } from '../parse/host.ts';

/** Limits and network of the steps, by the names that the query of `POST /build` has for them. Errors: invalid_parameter. */
export function limitsOf(flags: Flags): Record<string, string | number | readonly string[]> {
  const size = (name: string): number => (flags.text(name) === '' ? 0 : parseSize(flags.text(name)));
  return {
    memory: size('memory'),
    memswap: flags.text('memory-swap') === '' ? 0 : parseSwap(flags.text('memory-swap')),
    shmsize: size('shm-size'),
    cpushares: flags.int('cpu-shares'),
    cpuperiod: flags.int('cpu-period'),
    cpuquota: flags.int('cpu-quota'),
    cpusetcpus: flags.text('cpuset-cpus'),
    cpusetmems: flags.text('cpuset-mems'),
    cgroupparent: flags.text('cgroup-parent'),
    networkmode: flags.text('network'),
    extrahosts: flags.list('add-host').map(parseExtraHost),
    securityopt: flags.list('security-opt'),
    ulimits: JSON.stringify(flags.list('ulimit').map(parseUlimit)),
  };
}
