import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { StartedTestContainer } from 'testcontainers';
import { startDaemon, type TestDaemon } from '../helpers/daemon.ts';

const SERVER = 'echo ready; while true; do printf "HTTP/1.0 200 OK\\r\\n\\r\\nhello" | nc -l -p 8080; done';
const SETTINGS = ['DOCKER_HOST', 'TESTCONTAINERS_RYUK_DISABLED', 'TESTCONTAINERS_HOST_OVERRIDE'];

let daemon: TestDaemon;
const before = new Map(SETTINGS.map((name) => [name, process.env[name]]));

beforeAll(async () => {
  daemon = await startDaemon();
  // The library reads its settings from the environment, once.
  process.env['DOCKER_HOST'] = daemon.host;
  process.env['TESTCONTAINERS_RYUK_DISABLED'] = 'true';
  process.env['TESTCONTAINERS_HOST_OVERRIDE'] = '127.0.0.1';
});

afterAll(async () => {
  for (const [name, value] of before) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
  await daemon.stop();
});

test('a GenericContainer starts, answers on its port, runs commands, keeps logs and stops', async () => {
  const { GenericContainer, Wait } = await import('testcontainers');
  const container: StartedTestContainer = await new GenericContainer('busybox:latest')
    .withCommand(['sh', '-c', SERVER])
    .withEnvironment({ A: '1' })
    .withLabels({ role: 'test' })
    .withExposedPorts(8080)
    .withWaitStrategy(Wait.forLogMessage('ready'))
    .start();
  const url = `http://${container.getHost()}:${container.getMappedPort(8080)}/`;
  expect(await (await fetch(url)).text()).toBe('hello');
  expect(await container.exec(['sh', '-c', 'echo $A; exit 3'])).toMatchObject({ output: '1\n', exitCode: 3 });
  expect(await daemon.ok(['ps', '-q', '--no-trunc', '--filter', 'label=role=test'])).toBe(container.getId());
  await container.restart();
  expect(await daemon.ok(['logs', container.getId()])).toMatch(/^ready\n[^]*\nready$/);
  await container.stop();
  expect(await daemon.ok(['ps', '-aq'])).toBe('');
});

test('a container that is not what it waits for is an error that says so', async () => {
  const { GenericContainer, Wait } = await import('testcontainers');
  const start = new GenericContainer('busybox:latest')
    .withCommand(['sh', '-c', 'echo other; exit 1'])
    .withWaitStrategy(Wait.forLogMessage('ready'))
    .start();
  expect(String(await start.catch((reason: unknown) => reason))).toContain('Log stream ended');
});
