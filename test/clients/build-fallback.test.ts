/** `docker build` of our client against Debian's dockerd, which refuses the session and gets the classic request. */
import { expect, test } from 'bun:test';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { SESSION_PROTOCOL } from '../../src/api/build-session/messages.ts';
import { startDebianDaemon } from './debian-daemon.ts';

const OURS = resolve(import.meta.dirname, '../../bin/docker');

test('another engine refuses the upgrade before it does anything, and builds what it is sent then', async () => {
  await using daemon = await startDebianDaemon();
  const socket = daemon.host.replace('unix://', '');
  const refused = await fetch(`http://d/v1.41/build?version=${SESSION_PROTOCOL}`, { method: 'POST', unix: socket });
  expect([refused.status >= 400, await refused.text()]).toEqual([true, expect.stringContaining('invalid version')]);
  const folder = join(daemon.root, 'context');
  mkdirSync(folder);
  writeFileSync(join(folder, 'Dockerfile'), 'FROM busybox\nCOPY f /\nRUN cat f\n');
  writeFileSync(join(folder, 'f'), 'from the client\n');
  const run = async (...flags: readonly string[]): Promise<readonly [number, string]> => {
    const child = Bun.spawn([OURS, 'build', ...flags, folder], {
      env: { ...process.env, DOCKER_HOST: daemon.host, DOCKER_CONFIG: join(daemon.root, 'config') },
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'pipe',
    });
    const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
    return [await child.exited, out + err];
  };
  expect(await run()).toEqual([0, expect.stringMatching(/from the client\n[\s\S]*Successfully built /)]);
  expect(await run('--explain')).toEqual([1, '--explain is not supported by the builder of this daemon\n']);
}, 120_000);
