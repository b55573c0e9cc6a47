import { afterAll, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readKernelLimits } from './kernel-limits.host.ts';

const root = mkdtempSync('/tmp/sk-limits-');
afterAll(() => rmSync(root, { recursive: true, force: true }));

function hierarchy(name: string, files: Readonly<Record<string, string>>): string {
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name, file)), { recursive: true });
    writeFileSync(join(root, name, file), text);
  }
  return join(root, name);
}
const can = (limits: object): readonly string[] =>
  Object.entries(limits).flatMap(([name, possible]) => (possible === true ? [name] : []));

test('version 1 has what it has files for', () => {
  const files = { 'memory/memory.limit_in_bytes': '', 'memory/memory.swappiness': '', 'cpu/cpu.rt_runtime_us': '0' };
  expect(can(readKernelLimits(1, hierarchy('first', files)))).toEqual([
    'memoryLimit',
    'memorySwappiness',
    'cpuRealtime',
  ]);
});

test('version 2 has what its controllers have, and never what only version 1 had', () => {
  const files = { 'cgroup.controllers': 'cpu io memory\n', 'one/memory.swap.max': 'max' };
  expect(can(readKernelLimits(2, hierarchy('second', files)))).toEqual([
    'memoryLimit',
    'swapLimit',
    'memoryReservation',
    'cpuPeriod',
    'cpuQuota',
    'cpuShares',
    'blkioWeight',
    'blkioWeightDevice',
    'blkioThrottle',
  ]);
});
