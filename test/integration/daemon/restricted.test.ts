import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { startDaemon, type TestDaemon } from '../../helpers/daemon.ts';

let folder: string;
let daemon: TestDaemon;

beforeAll(async () => {
  folder = mkdtempSync('/tmp/skt-access-');
  const restricted = (host: string) => ['--restricted-host', host];
  daemon = await startDaemon({
    flags: [
      ...restricted(`host=unix://${join(folder, 'read')},allow=read`),
      ...restricted(`host=unix://${join(folder, 'web')},allow=all,label=team=web,group=0`),
      ...restricted(`host=unix://${join(folder, 'web-read')},allow=read,label=team=web`),
    ],
  });
  await daemon.ok(['run', '-d', '--name', 'other', '-e', 'PASSWORD=x', 'busybox', 'sleep', '1000']);
  await daemon.ok(['network', 'create', 'others']);
  await daemon.ok(['volume', 'create', 'otherdata']);
});

afterAll(async () => {
  await daemon.ok(['network', 'rm', 'others']);
  await daemon.stop();
  rmSync(folder, { recursive: true });
});

const by = (socket: string) => ({
  run: async (...args: readonly string[]) =>
    await daemon.docker(args, { env: { DOCKER_HOST: `unix://${join(folder, socket)}` } }),
  async ok(...args: readonly string[]) {
    return await daemon.ok(args, { env: { DOCKER_HOST: `unix://${join(folder, socket)}` } });
  },
  async refused(...args: readonly string[]) {
    const { exitCode, stderr } = await this.run(...args);
    expect(exitCode).not.toBe(0);
    return stderr;
  },
});
const NOT_ALLOWED = 'this listener does not allow';

describe('a socket for reading', () => {
  test('shows everything', async () => {
    expect(await by('read').ok('ps', '--format', '{{.Names}}')).toContain('other');
    expect(await by('read').ok('inspect', '-f', '{{.State.Status}}', 'other')).toBe('running');
    expect(await by('read').ok('top', 'other')).toContain('sleep 1000');
  });

  test.each([
    'run --rm busybox true',
    'exec other true',
    'stop other',
    'rm -f other',
    'cp other:/etc/passwd -',
    'export other',
    'save busybox',
    'pull busybox',
    'network create x',
    'volume rm otherdata',
    'system prune -f',
  ])('changes nothing and gives no files away: %s', async (line) => {
    expect(await by('read').refused(...line.split(' '))).toContain(NOT_ALLOWED);
  });
});

describe('a socket for a label', () => {
  test('its clients live their life and see nothing of the others', async () => {
    const web = by('web');
    await web.ok('network', 'create', 'front');
    await web.ok('volume', 'create', 'data');
    await web.ok('run', '-d', '--name', 'site', '--network', 'front', '-v', 'data:/d', 'busybox', 'sleep', '1000');
    expect(await web.ok('exec', 'site', 'sh', '-c', 'echo hi > /d/x; cat /d/x')).toBe('hi');
    expect(await web.ok('ps', '-a', '--format', '{{.Names}} {{.Label "team"}}')).toBe('site web');
    expect(await web.ok('network', 'ls', '--format', '{{.Name}}')).toBe('front');
    expect(await web.ok('volume', 'ls', '-q')).toBe('data');
    expect(await by('web-read').ok('ps', '--format', '{{.Names}}')).toBe('site');
    expect(await by('web-read').refused('stop', 'site')).toContain(NOT_ALLOWED);
    expect(await daemon.ok(['ps', '--format', '{{.Names}}'])).toContain('other');
    expect(daemon.log()).toMatch(/\/web: POST \/v1\.\d+\/containers\/create: done/);
    expect(daemon.log()).toMatch(/\/web-read: POST .*\/stop: this listener does not allow changes/);
    await web.ok('rm', '-f', 'site');
    await web.ok('volume', 'rm', 'data');
    await web.ok('network', 'rm', 'front');
  });

  test.each([
    [['inspect', 'other'], 'No such object: other'],
    [['stop', 'other'], 'No such container: other'],
    [['exec', 'other', 'env'], 'No such container: other'],
    [['logs', 'other'], 'No such container: other'],
    [['volume', 'rm', 'otherdata'], 'no such volume'],
    [['network', 'rm', 'others'], 'network others not found'],
    [['run', '--rm', '--network', 'others', 'busybox', 'true'], NOT_ALLOWED],
    [['run', '--rm', '--volumes-from', 'other', 'busybox', 'true'], NOT_ALLOWED],
    [['run', '--rm', '-v', 'otherdata:/x', 'busybox', 'true'], NOT_ALLOWED],
    [['run', '--rm', '-v', '/:/host', 'busybox', 'true'], NOT_ALLOWED],
    [['run', '--rm', '--privileged', 'busybox', 'true'], NOT_ALLOWED],
    [['run', '--rm', '--pid', 'host', 'busybox', 'true'], NOT_ALLOWED],
    [['run', '--rm', '--network', 'host', 'busybox', 'true'], NOT_ALLOWED],
    [['run', '--rm', '--cap-add', 'SYS_ADMIN', 'busybox', 'true'], NOT_ALLOWED],
    [['volume', 'create', '-o', 'type=none', '-o', 'o=bind', '-o', 'device=/', 'v'], NOT_ALLOWED],
  ] as const)('%j: %s', async (args, message) => {
    expect(await by('web').refused(...args)).toContain(message);
  });

  test('prune removes its own only', async () => {
    await daemon.ok(['create', '--name', 'stopped', 'busybox', 'true']);
    await by('web').ok('create', '--name', 'mine', 'busybox', 'true');
    await by('web').ok('container', 'prune', '-f');
    expect(await daemon.ok(['ps', '-a', '--format', '{{.Names}}'])).toContain('stopped');
    expect(await daemon.ok(['ps', '-a', '--format', '{{.Names}}'])).not.toContain('mine');
  });
});

test('the sockets are for their group alone', () => {
  const { mode, gid } = statSync(join(folder, 'web'));
  expect([mode & 0o777, gid]).toEqual([0o660, 0]);
});
