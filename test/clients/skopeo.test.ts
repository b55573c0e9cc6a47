import { afterAll, beforeAll, expect, test } from 'bun:test';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { startDaemon, type TestDaemon } from '../helpers/daemon.ts';
import { runCommand } from '../helpers/docker-cli.ts';

let daemon: TestDaemon;

beforeAll(async () => {
  daemon = await startDaemon();
});
afterAll(async () => await daemon.stop());

async function skopeo(...args: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await runCommand(['skopeo', '--insecure-policy', ...args], {
    env: { HOME: daemon.root, TMPDIR: daemon.root },
  });
  if (exitCode !== 0) throw new Error(`skopeo ${args.join(' ')}: exit code ${exitCode}\n${stdout}${stderr}`);
  return stdout;
}

const layersOf = async (image: string): Promise<string> =>
  await daemon.ok(['image', 'inspect', image, '--format', '{{json .RootFS.Layers}} {{json .Config.Cmd}}']);

test('an image goes from the daemon to an OCI layout and back, the same', async () => {
  const layout = `oci:${join(daemon.root, 'layout')}:v1`;
  await skopeo('copy', '--src-daemon-host', daemon.host, 'docker-daemon:busybox:latest', layout);
  expect(existsSync(join(daemon.root, 'layout/index.json'))).toBe(true);
  await skopeo('copy', '--dest-daemon-host', daemon.host, layout, 'docker-daemon:example.com/back:1');
  expect(await layersOf('example.com/back:1')).toBe(await layersOf('busybox:latest'));
  expect(await daemon.ok(['run', '--rm', 'example.com/back:1', 'echo', 'runs'])).toBe('runs');
});

test('inspect reads the image from the daemon', async () => {
  const { Os, Layers } = JSON.parse(
    await skopeo('inspect', '--daemon-host', daemon.host, 'docker-daemon:busybox:latest'),
  );
  expect({ Os, layers: Layers.length }).toEqual({ Os: 'linux', layers: 1 });
});

test('an image that is not there is an error that says so', async () => {
  const inspect = skopeo('inspect', '--daemon-host', daemon.host, 'docker-daemon:nosuch:latest');
  expect(String(await inspect.catch((reason: unknown) => reason))).toMatch(/nosuch/);
});
