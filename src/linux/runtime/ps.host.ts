import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { KnownError, messageOf } from '../../lib/errors.ts';
import type { ProcessList } from './ps.ts';

const run = promisify(execFile);
const OUTPUT_MAX_BYTES = 16 * 1024 * 1024;

export function createProcessList(): ProcessList {
  return {
    async ps(args) {
      try {
        const { stdout } = await run('ps', [...args], { maxBuffer: OUTPUT_MAX_BYTES, timeout: 10_000 });
        return stdout;
      } catch (error) {
        // The first line of its stderr says why; usage follows.
        const said = error instanceof Error && 'stderr' in error ? String(error.stderr).split('\n')[0] : '';
        const text = said ? `ps: ${said}` : `Error running ps: ${messageOf(error)}`;
        throw new KnownError('system', text.slice(0, 4096), { cause: error });
      }
    },
    killGroup(pid, { not }) {
      const group = groupOf(pid);
      if (group === undefined) return;
      try {
        process.kill(group > 1 && group !== groupOf(not) ? -group : pid, 'SIGKILL');
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
      }
    },
  };
}

/** proc_pid_stat(5), the third field behind the name, which may hold anything; undefined when there is no such process. */
function groupOf(pid: number): number | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[2]);
  } catch {
    return undefined;
  }
}
