import type { HostConfig } from '../../api/types/container.ts';
import { KnownError, messageOf } from '../../lib/errors.ts';

const NUMBERS = {
  memory: 'Memory',
  memswap: 'MemorySwap',
  cpushares: 'CpuShares',
  cpuperiod: 'CpuPeriod',
  cpuquota: 'CpuQuota',
  shmsize: 'ShmSize',
} as const;
const TEXTS = {
  cpusetcpus: 'CpusetCpus',
  cpusetmems: 'CpusetMems',
  cgroupparent: 'CgroupParent',
  networkmode: 'NetworkMode',
} as const;

/** Limits and network of the containers of a build. Errors: invalid_parameter. */
export function limitsOf(query: URLSearchParams): HostConfig {
  const host: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(NUMBERS)) {
    const text = query.get(name) ?? '';
    if (!/^-?\d*$/.test(text)) throw new KnownError('invalid_parameter', `${name} must be a number: ${text}`);
    if (Number(text) !== 0) host[field] = Number(text);
  }
  for (const [name, field] of Object.entries(TEXTS)) if (query.get(name)) host[field] = query.get(name);
  const ulimits = listOf(query, 'ulimits');
  if (ulimits.length > 0) host['Ulimits'] = ulimits;
  const lists = { extrahosts: 'ExtraHosts', securityopt: 'SecurityOpt' };
  for (const [name, field] of Object.entries(lists)) {
    const values = query.getAll(name).filter((value) => value !== '');
    if (values.length > 0) host[field] = values;
  }
  return host;
}

/** A parameter that is JSON; undefined: it is not there. Errors: invalid_parameter. */
export function jsonOf(query: URLSearchParams, name: string): unknown {
  const text = query.get(name) ?? '';
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new KnownError('invalid_parameter', `error reading ${name}: ${messageOf(error)}`);
  }
}

/** A JSON array. Errors: invalid_parameter. */
export function listOf(query: URLSearchParams, name: string): readonly unknown[] {
  const value = jsonOf(query, name) ?? [];
  if (!Array.isArray(value)) throw new KnownError('invalid_parameter', `${name} must be an array`);
  return value;
}
