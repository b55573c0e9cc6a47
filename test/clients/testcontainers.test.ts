import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
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

test('waits for an answer by HTTP, and for a port that listens', async () => {
  const { GenericContainer, Wait } = await import('testcontainers');
  const serve = ['sh', '-c', 'mkdir /www; sleep 0.3; echo home > /www/index.html; exec httpd -f -p 8080 -h /www'];
  const strategies = [
    Wait.forHttp('/index.html', 8080)
      .forStatusCode(200)
      .forResponsePredicate((body) => body === 'home\n'),
    Wait.forListeningPorts(),
    Wait.forAll([Wait.forListeningPorts(), Wait.forHttp('/', 8080)]),
  ];
  for (const strategy of strategies) {
    const container = await new GenericContainer('busybox:latest')
      .withCommand(serve)
      .withExposedPorts(8080)
      .withWaitStrategy(strategy)
      .start();
    const answer = await fetch(`http://${container.getHost()}:${container.getMappedPort(8080)}/`);
    expect(await answer.text()).toBe('home\n');
    await container.stop();
  }
});

test('waits for a health check, and for a program that ends well', async () => {
  const { GenericContainer, Wait } = await import('testcontainers');
  const healthy = await new GenericContainer('busybox:latest')
    .withCommand(['sh', '-c', 'sleep 0.3; touch /ready; exec sleep 1000'])
    .withHealthCheck({ test: ['CMD-SHELL', 'test -e /ready'], interval: 100, timeout: 5000, retries: 100 })
    .withWaitStrategy(Wait.forHealthCheck())
    .start();
  expect(await daemon.ok(['inspect', '-f', '{{.State.Health.Status}}', healthy.getId()])).toBe('healthy');
  await healthy.stop();
  const ended = await new GenericContainer('busybox:latest')
    .withCommand(['sh', '-c', 'echo did it'])
    .withWaitStrategy(Wait.forOneShotStartup())
    .start();
  expect(await text(await ended.logs())).toBe('did it\n');
  await ended.stop();
});

test('containers of one network find each other by alias', async () => {
  const { GenericContainer, Network, Wait } = await import('testcontainers');
  const network = await new Network().start();
  const server = await new GenericContainer('busybox:latest')
    .withCommand(['sh', '-c', 'mkdir /www; echo by name > /www/index.html; exec httpd -f -h /www'])
    .withNetwork(network)
    .withNetworkAliases('store')
    .withWaitStrategy(Wait.forSuccessfulCommand('wget -q -O - http://127.0.0.1/'))
    .start();
  const asker = await new GenericContainer('busybox:latest')
    .withCommand(['sleep', '1000'])
    .withNetwork(network)
    .start();
  expect(await asker.exec(['wget', '-q', '-O', '-', 'http://store/'])).toMatchObject({
    output: 'by name\n',
    exitCode: 0,
  });
  await asker.stop();
  await server.stop();
  await network.stop();
  expect(await daemon.ok(['network', 'ls', '-q', '--filter', 'type=custom'])).toBe('');
});

test('copies into a container before and after its start, and out of it', async () => {
  const { GenericContainer } = await import('testcontainers');
  const folder = join(daemon.root, 'copied');
  mkdirSync(folder);
  writeFileSync(join(folder, 'file'), 'of a folder');
  const container = await new GenericContainer('busybox:latest')
    .withCommand(['sh', '-c', 'cat /text /folder/file; exec sleep 1000'])
    .withCopyContentToContainer([{ content: 'a text, ', target: '/text', mode: 0o640 }])
    .withCopyDirectoriesToContainer([{ source: folder, target: '/folder' }])
    .withTmpFs({ '/scratch': 'rw' })
    .start();
  await container.copyContentToContainer([{ content: 'later', target: '/later' }]);
  expect((await container.exec(['cat', '/text', '/folder/file', '/later'])).output).toBe('a text, of a folderlater');
  expect((await container.exec(['stat', '-c', '%a', '/text'])).output).toBe('640\n');
  const archive = await container.copyArchiveFromContainer('/later');
  expect(Buffer.concat(await Array.fromAsync(archive as AsyncIterable<Buffer>)).toString()).toContain('later');
  const image = await container.commit({ repo: 'kept', tag: '1' });
  expect(await daemon.ok(['run', '--rm', image, 'cat', '/later'])).toBe('later');
  await container.stop();
  await daemon.ok(['rmi', 'kept:1']);
});

test('a container that may be reused is found again', async () => {
  const { GenericContainer, Wait } = await import('testcontainers');
  const wanted = () =>
    new GenericContainer('busybox:latest')
      .withCommand(['sleep', '1000'])
      .withExposedPorts(80)
      .withWaitStrategy(Wait.forSuccessfulCommand('true'))
      .withReuse();
  process.env['TESTCONTAINERS_REUSE_ENABLE'] = 'true';
  try {
    const first = await wanted().start();
    const second = await wanted().start();
    expect(second.getId()).toBe(first.getId());
    expect(second.getMappedPort(80)).toBe(first.getMappedPort(80));
    await first.stop();
  } finally {
    delete process.env['TESTCONTAINERS_REUSE_ENABLE'];
  }
});

test('builds an image of a Dockerfile, and runs it', async () => {
  const { GenericContainer } = await import('testcontainers');
  const folder = join(daemon.root, 'context');
  mkdirSync(folder);
  writeFileSync(join(folder, 'Dockerfile'), 'FROM busybox\nARG WORD\nRUN echo $WORD > /word\nCMD ["sleep", "1000"]\n');
  const image = await GenericContainer.fromDockerfile(folder).withBuildArgs({ WORD: 'built' }).build('made:1');
  const container = await image.start();
  expect((await container.exec(['cat', '/word'])).output).toBe('built\n');
  await container.stop();
  await daemon.ok(['rmi', 'made:1']);
});
