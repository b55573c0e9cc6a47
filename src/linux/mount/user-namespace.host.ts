import { openSync, writeFileSync } from 'node:fs';
import { KnownError, wrapError } from '../../lib/errors.ts';
import type { IdMap, IdMapRange } from './mounter.ts';

/** A descriptor of a user namespace that maps ids so. It lives as long as that, or a mount that uses it. Errors: system. */
export async function openUserNamespace({ uids, gids }: IdMap): Promise<number> {
  const child = Bun.spawn(['unshare', '--user', '--', 'sh', '-c', 'echo; read _'], {
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  try {
    const { done } = await child.stdout.getReader().read();
    if (done) throw new KnownError('system', (await new Response(child.stderr).text()).trim());
    writeFileSync(`/proc/${child.pid}/uid_map`, formatMap(uids));
    writeFileSync(`/proc/${child.pid}/gid_map`, formatMap(gids));
    return openSync(`/proc/${child.pid}/ns/user`, 'r');
  } catch (error) {
    throw wrapError(error, 'making a user namespace');
  } finally {
    child.kill('SIGKILL');
    await child.exited;
  }
}

/** Lines of user_namespaces(7): the disk's id is the one inside, what is seen is the one outside. */
function formatMap(ranges: readonly IdMapRange[]): string {
  return ranges.map(({ disk, seen, count }) => `${disk} ${seen} ${count}\n`).join('');
}
