import { afterAll, beforeAll, expect, test } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { tarOf } from '../../fixtures/images.ts';
import { startDaemon, type TestDaemon } from '../../helpers/daemon.ts';
import { findDockerCli, runCommand } from '../../helpers/docker-cli.ts';

const OURS = resolve(import.meta.dirname, '../../../bin/docker');
const TAR = tarOf({ 'hello.txt': 'hello' });

let daemon: TestDaemon;
let server: ReturnType<typeof Bun.serve>;
beforeAll(async () => {
  server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: (request) =>
      request.url.endsWith('/rootfs.tar') ? new Response(TAR) : new Response('nothing', { status: 404 }),
  });
  daemon = await startDaemon({ images: [] });
}, 60_000);
afterAll(async () => {
  await server.stop(true);
  await daemon.stop();
}, 60_000);

for (const client of ['the docker client', 'our client']) {
  const docker = async (...words: readonly string[]) => {
    const program = client === 'our client' ? OURS : findDockerCli().path;
    return await runCommand([program, ...words], { env: { DOCKER_HOST: daemon.host } });
  };
  const comment = ['image', 'inspect', '-f', '{{.Comment}} {{.Config.Cmd}} {{.Architecture}}'];

  test(`${client} imports from an address and from a file, with changes, a message and a platform`, async () => {
    const url = `http://127.0.0.1:${server.port}/rootfs.tar`;
    const fetched = await docker('import', '-c', 'CMD ["/x"]', url, 'fetched:1');
    expect(fetched).toMatchObject({ exitCode: 0, stderr: '' });
    expect(fetched.stdout).toMatch(new RegExp(`^Downloading from ${url}\nsha256:[0-9a-f]{64}\n$`));
    expect((await docker(...comment, 'fetched:1')).stdout).toStartWith(`Imported from ${url} [/x] `);

    const file = join(daemon.root, 'rootfs.tar');
    writeFileSync(file, TAR);
    const options = ['-c', 'CMD ["/y"]', '-c', 'ENV A=b', '-m', 'a message', '--platform', 'linux/arm64'];
    const imported = await docker('import', ...options, file, 'filed:1');
    expect(imported.stdout).toMatch(/^sha256:[0-9a-f]{64}\n$/);
    expect((await docker(...comment, 'filed:1')).stdout).toBe('a message [/y] arm64\n');
  });

  test(`${client} tells what cannot be imported, and nothing is made of it`, async () => {
    const before = (await docker('images', '-aq')).stdout;
    const url = `http://127.0.0.1:${server.port}/none`;
    const problem = `failed to GET ${url} with status 404 Not Found: nothing`;
    expect(await docker('import', url)).toMatchObject({
      exitCode: 1,
      stderr: `Error response from daemon: ${problem}\n`,
    });
    expect((await docker('import', url, 'Bad')).exitCode).toBe(1);
    const file = join(daemon.root, 'rootfs.tar');
    const refused = await docker('import', '-c', 'RUN x', file);
    expect(refused).toMatchObject({ exitCode: 1 });
    expect((await docker('import', '--platform', 'a/b/c/d', file)).stderr).toContain('platform');
    expect((await docker('images', '-aq')).stdout).toBe(before);
  });
}
