import { KnownError } from '../../lib/errors.ts';
import type { ResourceUpdates } from './resource-updates.ts';

const STDERR_BYTES = 4096;
const TIMEOUT_MS = 10_000;

export function createResourceUpdates(): ResourceUpdates {
  return {
    async apply(runtime, id, resources) {
      const child = Bun.spawn([...runtime, 'update', '--resources', '-', id], {
        stdin: Buffer.from(JSON.stringify(resources)),
        stdout: 'ignore',
        stderr: 'pipe',
        timeout: TIMEOUT_MS,
      });
      const [status, stderr] = await Promise.all([child.exited, new Response(child.stderr).text()]);
      if (status !== 0) throw new KnownError('system', stderr.slice(-STDERR_BYTES).trim() || `exit status ${status}`);
    },
  };
}
