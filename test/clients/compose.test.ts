import { afterAll, beforeAll, beforeEach, expect, test } from 'bun:test';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startDaemon, type TestDaemon } from '../helpers/daemon.ts';
import { type CommandResult, runCommand } from '../helpers/docker-cli.ts';

const FILE = `version: "2.4"
services:
  web:
    image: busybox:latest
    command: sh -c 'echo started with $$GREETING; exec sleep 1000'
    network_mode: bridge
    init: true
    environment:
      GREETING: hello
    labels:
      role: web
    ports:
      - "127.0.0.1::8080"
    volumes:
      - data:/data
volumes:
  data:
`;

let daemon: TestDaemon;
let folder: string;

beforeAll(async () => {
  daemon = await startDaemon();
  folder = join(daemon.root, 'project');
  mkdirSync(folder);
});
beforeEach(() => writeFileSync(join(folder, 'docker-compose.yml'), FILE));
afterAll(async () => await daemon.stop());

/** Debian's docker-compose: 1.29 in Python on Debian 12, 2.x on later ones. */
async function compose(...args: readonly string[]): Promise<CommandResult> {
  const env = { DOCKER_HOST: daemon.host, HOME: daemon.root, COMPOSE_PROJECT_NAME: 'demo', COMPOSE_HTTP_TIMEOUT: '30' };
  return await runCommand(['docker-compose', '--ansi', 'never', ...args], { cwd: folder, env });
}

test('up, ps, logs, exec, restart and down of a service on the default bridge', async () => {
  const up = await compose('up', '-d');
  expect(up.stderr + up.stdout).toMatch(/web/);
  expect(up.exitCode).toBe(0);
  const names = ['ps', '--filter', 'label=com.docker.compose.project=demo', '--format', '{{.Names}} {{.Label "role"}}'];
  expect(await daemon.ok(names)).toMatch(/^demo[_-]web[_-]1 web$/);
  const listed = await compose('ps');
  expect(listed.stdout).toMatch(/demo[_-]web[_-]1/);
  expect(listed.stdout).toMatch(/127\.0\.0\.1:\d+->8080\/tcp/);
  expect((await compose('logs')).stdout).toContain('started with hello');
  expect((await compose('exec', '-T', 'web', 'sh', '-c', 'echo $GREETING')).stdout).toBe('hello\n');
  expect((await compose('port', 'web', '8080')).stdout).toMatch(/^127\.0\.0\.1:\d+\n$/);
  expect((await compose('restart', '-t', '1')).exitCode).toBe(0);
  expect((await compose('logs')).stdout.match(/started with hello/g)).toHaveLength(2);
  expect((await compose('up', '-d')).exitCode).toBe(0);
  const down = await compose('down', '-v', '-t', '1');
  expect(down.exitCode).toBe(0);
  expect(await daemon.ok(['ps', '-aq'])).toBe('');
  expect(await daemon.ok(['volume', 'ls', '-q'])).toBe('');
});
