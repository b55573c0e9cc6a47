import { expect, test } from 'bun:test';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from './bench.suite.ts';
import { createMonitorHost } from './monitor.host.ts';
import type { MonitorSpec } from './monitor.ts';

test('a monitor whose folder is gone when it is connected to is killed', async () => {
  const dir = mkdtempSync('/tmp/skm-');
  try {
    const monitorPath = join(dir, 'monitor');
    writeFileSync(monitorPath, `#!/bin/sh\nsleep 1000 >/dev/null &\necho $! >${dir}/pid\necho "ready $!"\n`);
    chmodSync(monitorPath, 0o755);
    const spec: MonitorSpec = {
      dir: join(dir, 'gone'),
      target: { kind: 'exec', id: 'x', processFile: 'y' },
      runtime: ['crun'],
      tty: false,
      stdin: false,
      stdinOnce: false,
    };
    await expect(createMonitorHost({ monitorPath }).launch(spec)).rejects.toThrow('connecting to the monitor');
    const pid = readFileSync(join(dir, 'pid'), 'utf8').trim();
    await until(() => !isAlive(pid));
  } finally {
    rmSync(dir, { recursive: true });
  }
});

/** A zombie that nobody has reaped yet is dead. */
function isAlive(pid: string): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
