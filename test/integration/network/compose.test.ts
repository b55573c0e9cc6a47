import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startDaemon, type TestDaemon } from '../../helpers/daemon.ts';
import { type CommandResult, runCommand } from '../../helpers/docker-cli.ts';

const FILE = `version: "2.4"
services:
  web:
    image: busybox:latest
    command: sh -c 'mkdir -p /w && echo hello >/w/index.html && exec httpd -f -p 80 -h /w'
    ports: ["127.0.0.1::80"]
    networks:
      default:
        aliases: [site]
  client:
    image: busybox:latest
    command: sleep 1000
    depends_on: [web]
    networks: [default, back]
networks:
  back:
    internal: true
`;
let daemon: TestDaemon;
let folder: string;
beforeAll(async () => {
  daemon = await startDaemon();
  folder = join(daemon.root, 'project');
  mkdirSync(folder);
  writeFileSync(join(folder, 'docker-compose.yml'), FILE);
}, 60_000);
afterAll(async () => await daemon.stop(), 60_000);

async function compose(...args: readonly string[]): Promise<CommandResult> {
  const env = { DOCKER_HOST: daemon.host, HOME: daemon.root, COMPOSE_PROJECT_NAME: 'demo', COMPOSE_HTTP_TIMEOUT: '30' };
  return await runCommand(['docker-compose', '--ansi', 'never', ...args], { cwd: folder, env });
}

test('compose brings up two services on networks of their own; they find each other by service and alias; down leaves nothing', async () => {
  const up = await compose('up', '-d');
  expect([up.exitCode, up.stderr.includes('rror')]).toEqual([0, false]);
  const networks = await daemon.ok([
    'network',
    'ls',
    '--filter',
    'label=com.docker.compose.project=demo',
    '--format',
    '{{.Name}}',
  ]);
  expect(networks.split('\n').sort()).toEqual(['demo_back', 'demo_default']);
  for (const name of ['web', 'site']) {
    const seen = await compose('exec', '-T', 'client', 'ping', '-c', '1', '-W', '2', name);
    expect([seen.exitCode, seen.stdout]).toEqual([0, expect.stringContaining('1 packets received')]);
  }
  const address = (await compose('port', 'web', '80')).stdout.trim();
  await expectServed(`http://${address}/`);
  expect((await compose('up', '-d')).exitCode).toBe(0);
  expect((await compose('down', '-t', '0')).exitCode).toBe(0);
  expect(await daemon.ok(['network', 'ls', '--filter', 'type=custom', '-q'])).toBe('');
}, 60_000);

async function expectServed(url: string): Promise<void> {
  for (let turn = 0; turn < 100; turn++) {
    const text = await fetch(url).then(
      (response) => response.text(),
      () => undefined,
    );
    if (text === 'hello\n') return;
  }
  throw new Error(`${url} never said hello`);
}
