import { expect } from 'bun:test';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ContainerInspectResponse } from '../../../src/api/types/container.ts';
import type { TestDaemon } from '../../helpers/daemon.ts';
import { runCommand } from '../../helpers/docker-cli.ts';

interface Surroundings {
  readonly daemon: () => TestDaemon;
  /** A folder with `config/config.json`. */
  readonly files: string;
  readonly inspect: (name: string) => Promise<ContainerInspectResponse>;
}

/** Tests of the options that the client itself does, for one program. */
export function seenByClient(
  docker: string,
  seen: (options: readonly string[], title: string, check: () => Promise<void>) => void,
  { daemon, files, inspect }: Surroundings,
): void {
  const run = async (args: readonly string[], more: { stdin?: string; env?: Record<string, string> } = {}) =>
    await runCommand([docker, 'run', ...args], {
      ...more,
      env: { DOCKER_HOST: daemon().host, HOME: daemon().root, ...more.env },
    });

  seen(['cidfile', 'rm', 'detach'], 'the file holds the id, and is not written over', async () => {
    const path = join(files, 'cid');
    const { stdout } = await run(['-d', '--rm', '--cidfile', path, '--stop-timeout', '0', 'busybox', 'sleep', '1000']);
    expect(readFileSync(path, 'utf8')).toBe(stdout.trim());
    const again = await run(['--cidfile', path, 'busybox', 'true']);
    expect([again.exitCode, again.stderr]).toEqual([125, expect.stringContaining('container ID file found')]);
    await daemon().ok(['stop', stdout.trim()]);
    while ((await daemon().docker(['inspect', stdout.trim()])).exitCode === 0) await Bun.sleep(20);
    rmSync(path);
  });

  seen(['attach', 'interactive'], 'only the streams that were named are carried', async () => {
    const both = ['busybox', 'sh', '-c', 'cat; echo out; echo err >&2'];
    expect(await run(['--rm', '-a', 'stdout', ...both])).toEqual({ exitCode: 0, stdout: 'out\n', stderr: '' });
    expect(await run(['--rm', '-a', 'stderr', ...both])).toEqual({ exitCode: 0, stdout: '', stderr: 'err\n' });
    expect(await run(['--rm', '-i', '-a', 'stdin', '-a', 'stdout', ...both], { stdin: 'in\n' })).toEqual({
      exitCode: 0,
      stdout: 'in\nout\n',
      stderr: '',
    });
    expect((await run(['--rm', '-a', 'nothing', ...both])).stderr).toContain(
      'valid streams are STDIN, STDOUT and STDERR',
    );
  });

  seen(['entrypoint'], 'replaces the image’s, and an empty one takes it away', async () => {
    expect((await run(['--rm', '--entrypoint', 'echo', 'busybox', 'words'])).stdout).toBe('words\n');
    expect((await run(['--rm', '--entrypoint', '', 'busybox', 'echo', 'plain'])).stdout).toBe('plain\n');
  });

  seen(
    ['pull', 'quiet', 'platform'],
    'never asks nobody; missing tells of it but when it should be quiet',
    async () => {
      const missing = 'localhost:9/none';
      const never = await run(['--pull', 'never', missing]);
      expect([never.exitCode, never.stderr]).toEqual([125, expect.stringContaining('No such image')]);
      expect((await run([missing])).stderr).toContain("Unable to find image 'localhost:9/none:latest' locally");
      const quiet = await run(['-q', missing]);
      expect([quiet.exitCode, quiet.stderr.includes('Unable to find')]).toEqual([125, false]);
      expect((await run(['--pull', 'always', 'localhost:9/busybox'])).exitCode).toBe(125);
      expect((await run(['--pull', 'never', '--platform', 'linux/s390x', 'busybox'])).exitCode).toBe(125);
    },
  );

  seen(['detach-keys'], 'take the client away, and the container stays', async () => {
    const words = [
      docker,
      'run',
      '-it',
      '--name',
      'left',
      '--detach-keys',
      'a,b',
      '--stop-timeout',
      '0',
      'busybox',
      'cat',
    ];
    const env = { DOCKER_HOST: daemon().host, HOME: daemon().root };
    const { exitCode } = await runCommand(['script', '-qec', words.join(' '), '/dev/null'], { stdin: 'xab', env });
    expect([exitCode, (await inspect('left')).State?.Status]).toEqual([0, 'running']);
    await daemon().ok(['rm', '-f', 'left']);
  });

  seen(['sig-proxy'], 'a signal to the client reaches the process, unless it should not', async () => {
    const shell = 'trap "exit 5" TERM; touch /ready; while :; do sleep 0.05; done';
    for (const [proxied, name] of [
      [true, 'told'],
      [false, 'untold'],
    ] as const) {
      const argv = [docker, 'run', '--name', name, `--sig-proxy=${proxied}`, 'busybox', 'sh', '-c', shell];
      const env = { PATH: process.env['PATH'] ?? '', DOCKER_HOST: daemon().host, HOME: daemon().root };
      const client = Bun.spawn(argv, { env, stdin: 'ignore', stdout: 'ignore', stderr: 'ignore' });
      while ((await daemon().docker(['exec', name, 'test', '-e', '/ready'])).exitCode !== 0) await Bun.sleep(20);
      client.kill('SIGTERM');
      if (proxied) expect(await client.exited).toBe(5);
      expect((await daemon().docker(['exec', name, 'true'])).exitCode).toBe(proxied ? 1 : 0);
      client.kill('SIGKILL');
      await client.exited;
      await daemon().ok(['rm', '-f', name]);
    }
  });

  seen(['use-api-socket'], 'the daemon’s socket is inside, with what the user has for registries', async () => {
    const shell =
      'test -S /var/run/docker.sock && cat $DOCKER_CONFIG/config.json; stat -c %a /run/secrets/docker/config.json';
    const { stdout, stderr } = await run(['--rm', '--use-api-socket', 'busybox', 'sh', '-c', shell], {
      env: { DOCKER_CONFIG: join(files, 'config') },
    });
    expect(stderr).toBe('');
    const [, json = '', mode] = /^(\{[\s\S]*\})(\d+)\n$/.exec(stdout) ?? [];
    expect([JSON.parse(json), mode]).toEqual([{ auths: { 'registry.test': { auth: 'dTpw' } } }, '600']);
    const tcp = await run(['--use-api-socket', 'busybox'], { env: { DOCKER_HOST: 'tcp://127.0.0.1:9' } });
    expect([tcp.exitCode, tcp.stderr]).toEqual([
      125,
      expect.stringContaining('flag --use-api-socket can only be used with unix sockets'),
    ]);
  });

  seen(['disable-content-trust'], 'is as it always is', async () => {
    expect((await run(['--rm', '--disable-content-trust', 'busybox', 'echo', 'runs'])).stdout).toBe('runs\n');
  });
}
