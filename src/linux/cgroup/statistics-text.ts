import type { BlockStatistics, LinkStatistics, MachineStatistics } from './statistics.ts';

/** Pure readers of the kernel's counters (proc(5), cgroup-v1 and cgroup-v2 of the kernel's documentation). */

/** `name number` on each line. */
export function parseKeyValues(text: string): Readonly<Record<string, number>> {
  const rows = text.split('\n').map((line) => line.split(' '));
  return Object.fromEntries(rows.flatMap(([name, value]) => (name && value ? [[name, Number(value)]] : [])));
}

/** `8:0 Read 4096` on each line; the sum of all devices at the end has no device and is left out. */
export function parseBlockV1(text: string): readonly BlockStatistics[] {
  return text.split('\n').flatMap((line) => {
    const [, major, minor, operation = '', value] = /^(\d+):(\d+) (\w+) (\d+)$/.exec(line) ?? [];
    return value === undefined ? [] : [{ major: Number(major), minor: Number(minor), operation, value: Number(value) }];
  });
}

/** `8:0 rbytes=4096 wbytes=0 rios=1 ...` on each line. */
export function parseBlockV2(text: string, read: string, written: string): readonly BlockStatistics[] {
  return text.split('\n').flatMap((line) => {
    const [, major, minor, rest] = /^(\d+):(\d+) (.*)$/.exec(line) ?? [];
    if (rest === undefined) return [];
    const values = new Map(rest.split(' ').map((pair) => pair.split('=') as [string, string]));
    const device = { major: Number(major), minor: Number(minor) };
    return [
      { ...device, operation: 'read', value: Number(values.get(read) ?? 0) },
      { ...device, operation: 'write', value: Number(values.get(written) ?? 0) },
    ];
  });
}

/** /proc/net/dev without loopback. */
export function parseLinks(text: string): Readonly<Record<string, LinkStatistics>> {
  const rows = text.split('\n').flatMap((line) => {
    const [, name, rest] = /^\s*(\S+):\s*(.*)$/.exec(line) ?? [];
    return name === undefined || name === 'lo' ? [] : [[name, (rest ?? '').trim().split(/\s+/).map(Number)] as const];
  });
  return Object.fromEntries(
    rows.map(([name, n]) => [
      name,
      {
        receivedBytes: n[0] ?? 0,
        receivedPackets: n[1] ?? 0,
        receivedErrors: n[2] ?? 0,
        receivedDropped: n[3] ?? 0,
        sentBytes: n[8] ?? 0,
        sentPackets: n[9] ?? 0,
        sentErrors: n[10] ?? 0,
        sentDropped: n[11] ?? 0,
      },
    ]),
  );
}

/** The first line of /proc/stat: user, nice, system, idle, iowait, irq, softirq, in ticks; then one line for each CPU. */
export function parseMachine(text: string, tickNanos: number): MachineStatistics {
  const lines = text.split('\n');
  const ticks = (lines.find((line) => line.startsWith('cpu ')) ?? '').trim().split(/\s+/).slice(1, 8).map(Number);
  return {
    cpuNanos: ticks.reduce((sum, count) => sum + count, 0) * tickNanos,
    cpus: lines.filter((line) => /^cpu\d/.test(line)).length,
  };
}
