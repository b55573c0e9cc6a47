import { afterAll, beforeAll, expect, test } from 'bun:test';
import {
  appendFileSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { startDaemon, type TestDaemon } from '../../helpers/daemon.ts';

/** No other user of a test machine has these. */
const FIRST = 1_879_048_192;
const RANGE = `nobody:${FIRST}:65536\n`;
const FILES = ['/etc/subuid', '/etc/subgid'];

let daemon: TestDaemon;
beforeAll(async () => {
  for (const file of FILES) appendFileSync(file, RANGE);
  daemon = await startDaemon({ flags: ['--userns-remap', 'nobody'] });
}, 60_000);
afterAll(async () => {
  for (const file of FILES) if (existsSync(file)) writeFileSync(file, readFileSync(file, 'utf8').replace(RANGE, ''));
  await daemon.stop();
}, 60_000);

async function inside(script: string, ...options: readonly string[]): Promise<string> {
  return await daemon.ok(['run', '--rm', ...options, 'busybox', 'sh', '-c', script]);
}

async function refused(...args: readonly string[]): Promise<string> {
  const { exitCode, stderr } = await daemon.docker(args);
  expect(exitCode).not.toBe(0);
  return stderr;
}

test('root inside is nobody in particular outside, and owns what the image and the engine give him', async () => {
  expect(await inside('cat /proc/self/uid_map')).toMatch(new RegExp(`^ *0 +${FIRST} +65536$`));
  expect(await inside('stat -c "%u:%g" / /bin/sh /etc/hosts /etc/hostname /etc/resolv.conf')).toBe(
    Array(5).fill('0:0').join('\n'),
  );
  expect(await daemon.ok(['info', '-f', '{{.SecurityOptions}}'])).toContain('name=userns');
  await daemon.ok(['run', '-d', '--name', 'outside', 'busybox', 'sleep', '1000']);
  const pid = await daemon.ok(['inspect', '-f', '{{.State.Pid}}', 'outside']);
  expect(statSync(`/proc/${pid}`).uid).toBe(FIRST);
  expect(await daemon.ok(['top', 'outside', '-o', 'pid,uid,args'])).toContain(`${FIRST}`);
  await daemon.ok(['rm', '-f', 'outside']);
});

test('it may do with its own what root may, and nothing with the host’s', async () => {
  const script = [
    'chown 1000:1000 /bin/busybox && rm -r /home && mkdir /n && mv /n /m && touch /m/x',
    'ip link add d0 type dummy 2>/dev/null; ip addr add 192.0.2.9/32 dev lo && ip addr show lo | grep -c 192.0.2.9',
    'mount -t tmpfs t /mnt 2>/dev/null || echo no-mount',
    'echo 1 > /proc/sys/vm/swappiness || echo no-sysctl',
  ].join('; ');
  const shown = await daemon.docker(['run', '--rm', '--cap-add', 'NET_ADMIN', 'busybox', 'sh', '-c', script]);
  expect(shown.stdout.split('\n').slice(0, 3)).toEqual(['1', 'no-mount', 'no-sysctl']);
  const secret = join(daemon.root, 'secret');
  writeFileSync(secret, 'x', { mode: 0o600 });
  expect(await refused('run', '--rm', '-v', `${secret}:/s`, 'busybox', 'cat', '/s')).toContain('Permission denied');
});

test('a volume and an image are the same inside with and without a namespace', async () => {
  await inside('echo x > /v/f; chown 7:8 /v/f', '-v', 'shared:/v');
  expect(await inside('stat -c %u:%g /v /v/f', '-v', 'shared:/v', '--userns', 'host')).toBe('0:0\n7:8');
  expect(statSync(await daemon.ok(['volume', 'inspect', '-f', '{{.Mountpoint}}', 'shared'])).uid).toBe(0);
  await daemon.ok(['volume', 'rm', 'shared']);
});

test('a folder of the host keeps its numbers', async () => {
  const folder = join(daemon.root, 'folder');
  mkdirSync(folder);
  expect(await inside('stat -c %u:%g /h', '-v', `${folder}:/h`)).toBe('65534:65534');
  chownSync(folder, FIRST + 5, FIRST + 6);
  expect(await inside('stat -c %u:%g /h; touch /h/x', '-v', `${folder}:/h`)).toBe('5:6');
  expect(statSync(join(folder, 'x')).uid).toBe(FIRST);
});

test.each([
  ['--privileged', 'privileged mode is incompatible with user namespaces.  You must run the container in the host'],
  ['--network=host', "cannot share the host's network namespace when user namespaces are enabled"],
  ['--pid=host', 'cannot share the host PID namespace when user namespaces are enabled'],
])('%s needs --userns=host', async (option, text) => {
  expect(await refused('run', '--rm', option, 'busybox', 'true')).toContain(text);
  await daemon.ok(['run', '--rm', option, '--userns=host', 'busybox', 'true']);
});

test('copies go in and out with the numbers of the inside, running or not; volumes too', async () => {
  await daemon.ok(['run', '-d', '--name', 'copies', '-v', '/vol', 'busybox', 'sleep', '1000']);
  const file = join(daemon.root, 'file');
  writeFileSync(file, 'text');
  chownSync(file, 12, 34);
  for (const target of ['/kept', '/vol/kept']) await daemon.ok(['cp', '-a', file, `copies:${target}`]);
  expect(await daemon.ok(['exec', 'copies', 'stat', '-c', '%u:%g', '/kept', '/vol/kept'])).toBe('12:34\n12:34');
  const tar = async (path: string): Promise<string> => {
    const piped = `"$0" cp copies:${path} - | tar tv --numeric-owner`;
    const shown = Bun.spawnSync(['sh', '-c', piped, 'docker'], { env: { ...process.env, DOCKER_HOST: daemon.host } });
    return shown.stdout.toString();
  };
  expect(await tar('/kept')).toContain(' 12/34 ');
  expect(await tar('/vol')).toContain(' 12/34 ');
  await daemon.ok(['kill', 'copies']);
  await daemon.ok(['wait', 'copies']);
  expect(await tar('/kept')).toContain(' 12/34 ');
  await daemon.ok(['commit', 'copies', 'copied']);
  expect(await daemon.ok(['run', '--rm', 'copied', 'stat', '-c', '%u:%g', '/kept'])).toBe('12:34');
  await daemon.ok(['rm', '-fv', 'copies']);
});

test('namespaces of a container are joined with its user namespace, and not from another one', async () => {
  const namespace = 'readlink /proc/self/ns/user';
  await daemon.ok(['run', '-d', '--name', 'first', '--ipc', 'shareable', 'busybox', 'sleep', '1000']);
  const first = await daemon.ok(['exec', 'first', 'sh', '-c', namespace]);
  for (const kind of ['network', 'pid', 'ipc'])
    expect(await inside(namespace, `--${kind}=container:first`)).toBe(first);
  expect(await inside(namespace)).not.toBe(first);
  await daemon.ok(['run', '-d', '--name', 'plain', '--userns', 'host', 'busybox', 'sleep', '1000']);
  expect(await refused('run', '--rm', '--network=container:plain', 'busybox', 'true')).toContain(
    'another user namespace',
  );
  await daemon.ok(['rm', '-f', 'first', 'plain']);
});

test('steps of a build run in one, and leave the numbers of the inside', async () => {
  const folder = join(daemon.root, 'context');
  mkdirSync(folder);
  writeFileSync(
    join(folder, 'Dockerfile'),
    'FROM busybox\nRUN cat /proc/self/uid_map > /map && touch /of && chown 21:22 /of && rm -r /home\n',
  );
  await daemon.ok(['build', '-q', '-t', 'built', folder], { env: { DOCKER_BUILDKIT: '0' } });
  const shown = await daemon.ok([
    'run',
    '--rm',
    '--userns',
    'host',
    'built',
    'sh',
    '-c',
    'stat -c %u:%g /of /bin; cat /map',
  ]);
  expect(shown).toMatch(new RegExp(`^21:22\n0:0\n *0 +${FIRST} +65536$`));
});

test('a program has the capabilities of its file, with and without a namespace', async () => {
  const folder = join(daemon.root, 'capable');
  mkdirSync(join(folder, 'capable'), { recursive: true });
  const program = join(folder, 'capable/busybox');
  copyFileSync('/bin/busybox', program);
  const tar = ['tar', '--xattrs', '--xattrs-include=*', '-C', folder, '-cf', join(folder, 'layer.tar'), 'capable'];
  for (const argv of [['setcap', 'cap_net_raw+ep', program], tar]) expect(Bun.spawnSync(argv).exitCode).toBe(0);
  writeFileSync(join(folder, 'Dockerfile'), 'FROM busybox\nADD layer.tar /\nUSER 1000\n');
  await daemon.ok(['build', '-q', '-t', 'capable', folder], { env: { DOCKER_BUILDKIT: '0' } });
  const effective = async (...options: readonly string[]): Promise<string> =>
    await daemon.ok(['run', '--rm', ...options, 'capable', '/capable/busybox', 'grep', 'CapEff', '/proc/self/status']);
  expect(await effective()).toBe('CapEff:\t0000000000002000');
  expect(await effective('--userns', 'host')).toBe('CapEff:\t0000000000002000');
});

test('a container of a daemon that died is taken up, and starts again', async () => {
  await daemon.ok(['run', '-d', '--name', 'long', '-p', '127.0.0.1::80', 'busybox', 'sleep', '1000']);
  await daemon.kill9();
  await daemon.restart();
  expect(await daemon.ok(['exec', 'long', 'id', '-u'])).toBe('0');
  await daemon.ok(['restart', '-t', '0', 'long']);
  expect(await daemon.ok(['exec', 'long', 'stat', '-c', '%u', '/etc/hosts'])).toBe('0');
  await daemon.ok(['rm', '-f', 'long']);
}, 60_000);
