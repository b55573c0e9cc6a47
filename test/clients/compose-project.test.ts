import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startDaemon, type TestDaemon } from '../helpers/daemon.ts';
import { type CommandResult, runCommand } from '../helpers/docker-cli.ts';

/** The store keeps what it serves in a volume and is healthy late; the app passes on what the store says; the web passes on the app's. */
const FILE = `version: "2.4"
services:
  web:
    build: ./web
    init: true
    depends_on:
      app:
        condition: service_started
    networks: [front]
    ports:
      - "127.0.0.1::80"
  app:
    image: busybox:latest
    init: true
    command: ["sh", "-c", "echo app of $$HOSTNAME begins; mkdir -p /www/cgi-bin; printf '%s\\n' '#!/bin/sh' 'echo' 'wget -q -O - http://store/' > /www/cgi-bin/get; chmod +x /www/cgi-bin/get; exec httpd -f -h /www"]
    depends_on:
      store:
        condition: service_healthy
    networks: [front, back]
  store:
    image: busybox:latest
    init: true
    command: sh -c 'sleep 0.5; echo kept >> /data/index.html; exec httpd -f -h /data'
    healthcheck:
      test: wget -q -O - http://127.0.0.1/
      interval: 200ms
      timeout: 10s
      retries: 100
    networks:
      back:
        aliases: [database]
    volumes:
      - data:/data
networks:
  front:
  back:
    internal: true
volumes:
  data:
`;
const WEB = `FROM busybox
RUN mkdir -p /www/cgi-bin && printf '%s\\n' '#!/bin/sh' 'echo' 'wget -q -O - http://app/cgi-bin/get' > /www/cgi-bin/get && chmod +x /www/cgi-bin/get
EXPOSE 80
CMD ["httpd", "-f", "-h", "/www"]
`;

let daemon: TestDaemon;
let folder: string;

beforeAll(async () => {
  daemon = await startDaemon();
  folder = join(daemon.root, 'project');
  mkdirSync(join(folder, 'web'), { recursive: true });
  writeFileSync(join(folder, 'docker-compose.yml'), FILE);
  writeFileSync(join(folder, 'web/Dockerfile'), WEB);
});
afterAll(async () => await daemon.stop());

/** Debian's docker-compose: 1.29 in Python on Debian 12, 2.x on later ones. */
async function compose(...args: readonly string[]): Promise<CommandResult> {
  const env = { DOCKER_HOST: daemon.host, HOME: daemon.root, COMPOSE_PROJECT_NAME: 'shop', DOCKER_BUILDKIT: '0' };
  return await runCommand(['docker-compose', '--ansi', 'never', ...args], { cwd: folder, env, timeoutMs: 120_000 });
}

async function ok(...args: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await compose(...args);
  if (exitCode !== 0) throw new Error(`docker-compose ${args.join(' ')}: ${stdout}${stderr}`);
  return stdout;
}

/** What the web says by its published port; it may not listen yet. */
async function answer(): Promise<string> {
  const address = (await ok('port', 'web', '80')).trim();
  for (let tries = 0; tries < 200; tries++) {
    const response = await fetch(`http://${address}/cgi-bin/get`, { keepalive: false }).catch(() => undefined);
    if (response?.ok) return await response.text();
    await Bun.sleep(50);
  }
  throw new Error('the web does not answer');
}

test('web, app and store: built, started in order, joined by networks, scaled, and gone', async () => {
  await ok('up', '-d', '--build');
  expect(await answer()).toBe('kept\n');
  expect(await daemon.ok(['inspect', '-f', '{{.State.Health.Status}}', await only('store')])).toBe('healthy');

  const networks = ['network', 'ls', '--filter', 'type=custom', '--format', '{{.Name}} {{.Internal}}'];
  expect((await daemon.ok(networks)).split('\n').toSorted()).toEqual(['shop_back true', 'shop_front false']);
  expect((await ok('exec', '-T', 'app', 'wget', '-q', '-O', '-', 'http://database/')).trim()).toBe('kept');
  const across = await compose('exec', '-T', 'web', 'wget', '-q', '-T', '2', '-O', '-', 'http://store/');
  expect(across.exitCode).not.toBe(0);

  await ok('up', '-d', '--scale', 'app=3');
  expect((await ok('ps', '-q', 'app')).trim().split('\n')).toHaveLength(3);
  const logs = await ok('logs', '--no-color', 'app');
  expect(logs.match(/app of \w+ begins/g)).toHaveLength(3);
  expect(new Set((await ok('exec', '-T', 'web', 'nslookup', 'app')).match(/Address: (?!127)[\d.]+/g)).size).toBe(3);
  await ok('up', '-d', '--scale', 'app=1');
  expect((await ok('ps', '-q', 'app')).trim().split('\n')).toHaveLength(1);

  // Stopped and made anew, the store still has what it kept.
  await ok('rm', '-s', '-f', 'store');
  await ok('up', '-d');
  expect(await answer()).toBe('kept\nkept\n');
  await ok('pause', 'app');
  await ok('unpause', 'app');
  await ok('stop', '-t', '0', 'web');
  await ok('start', 'web');
  expect(await answer()).toBe('kept\nkept\n');

  await ok('down', '-v', '-t', '0', '--rmi', 'local');
  expect(await daemon.ok(['ps', '-aq'])).toBe('');
  expect(await daemon.ok(['volume', 'ls', '-q'])).toBe('');
  expect(await daemon.ok(['network', 'ls', '-q', '--filter', 'type=custom'])).toBe('');
  expect(await daemon.ok(['images', '-q', 'shop_web'])).toBe('');
}, 240_000);

async function only(service: string): Promise<string> {
  return (await ok('ps', '-q', service)).trim();
}
