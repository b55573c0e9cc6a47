import { KnownError } from '../../lib/errors.ts';

/** Runs a program, such as unshare(1) with its options, and does work while its process waits in the namespaces that it has made. Errors: system. */
export async function withHeldProcess<T>(program: readonly string[], work: (pid: number) => T): Promise<T> {
  const child = Bun.spawn([...program, '--', 'sh', '-c', 'echo; read _'], {
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  try {
    const { done } = await child.stdout.getReader().read();
    if (done) throw new KnownError('system', (await new Response(child.stderr).text()).trim());
    return work(child.pid);
  } finally {
    child.kill('SIGKILL');
    await child.exited;
  }
}
