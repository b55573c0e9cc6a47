import { afterAll, beforeAll, expect, test } from 'bun:test';
import { chownSync, existsSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startDaemon, type TestDaemon } from '../../helpers/daemon.ts';
import { ownOk, refusal } from './ask.ts';

let daemon: TestDaemon;
let host: string;
beforeAll(async () => {
  daemon = await startDaemon();
  host = join(daemon.root, 'host');
  mkdirSync(join(host, 'sub'), { recursive: true });
  writeFileSync(join(host, 'file'), 'hi');
}, 60_000);
afterAll(async () => await daemon.stop(), 60_000);

const run = async (...args: string[]): Promise<string> => await daemon.ok(['run', '--rm', ...args]);
const fails = async (...args: string[]): Promise<string> => (await daemon.docker(['run', '--rm', ...args])).stderr;

test('a file is bound read-only', async () => {
  const mount = `type=bind,source=${host}/file,target=/x,readonly`;
  expect(await run('--mount', mount, 'busybox', 'cat', '/x')).toBe('hi');
  expect(await fails('--mount', mount, 'busybox', 'sh', '-c', 'echo > /x')).toContain('Read-only file system');
  expect(await run('-v', `${host}/file:/x:ro`, 'busybox', 'cat', '/x')).toBe('hi');
});

test('read-only reaches what is mounted below a source, unless it is asked not to', async () => {
  const top = join(daemon.root, 'top');
  mkdirSync(join(top, 'below'), { recursive: true });
  Bun.spawnSync(['mount', '-t', 'tmpfs', 'tmpfs', join(top, 'below')]);
  try {
    const touch = ['busybox', 'sh', '-c', 'touch /x/below/f && echo written || true'];
    const bind = `type=bind,source=${top},target=/x,readonly`;
    expect(await run('--mount', bind, ...touch)).toBe('');
    expect(await run('--mount', `${bind},bind-recursive=writable`, ...touch)).toBe('written');
    expect(await run('--mount', `${bind},bind-recursive=readonly,bind-propagation=rprivate`, ...touch)).toBe('');
    expect(await run('--mount', `${bind},bind-recursive=disabled`, 'busybox', 'ls', '/x/below')).toBe('');
  } finally {
    Bun.spawnSync(['umount', join(top, 'below')]);
  }
});

test('a missing source is made for -v and with bind-create-src, and refused for --mount, with nothing left', async () => {
  const [made, asked, missing] = ['made', 'asked', 'missing'].map((name) => join(host, name));
  await run('-v', `${made}:/x`, 'busybox', 'true');
  await ownOk(daemon, ['run', '--rm', '--mount', `type=bind,src=${asked},dst=/x,bind-create-src`, 'busybox', 'true']);
  const error = await fails('--mount', `type=bind,src=${missing},dst=/x`, '-v', 'never:/y', 'busybox', 'true');
  expect(error).toContain(`invalid mount config for type "bind": bind source path does not exist: ${missing}`);
  expect([made, asked, missing].map((path) => existsSync(path ?? ''))).toEqual([true, true, false]);
  expect(await daemon.ok(['volume', 'ls', '-q', '-f', 'name=never'])).toBe('');
});

test('what is mounted shows in inspect as Docker shows it', async () => {
  const args = ['-v', '/tmp:/a:z', '-v', 'shown:/b', '--tmpfs', '/c', '--mount', 'type=tmpfs,dst=/d,tmpfs-size=1m'];
  const id = await daemon.ok(['create', ...args, '--mount', `type=bind,src=${host},dst=/e,ro`, 'busybox', 'true']);
  const mounts = JSON.parse(await daemon.ok(['inspect', '-f', '{{json .Mounts}}', id])) as { Destination: string }[];
  const source = join(daemon.root, 'd/volumes/shown/_data');
  expect(mounts.toSorted((a, b) => (a.Destination < b.Destination ? -1 : 1))).toEqual([
    { Type: 'bind', Source: '/tmp', Destination: '/a', Mode: 'z', RW: true, Propagation: 'rslave' },
    {
      Type: 'volume',
      Name: 'shown',
      Source: source,
      Destination: '/b',
      Driver: 'local',
      Mode: 'z',
      RW: true,
      Propagation: '',
    },
    { Type: 'tmpfs', Source: '', Destination: '/d', Mode: '', RW: true, Propagation: '' },
    { Type: 'bind', Source: host, Destination: '/e', Mode: '', RW: false, Propagation: 'rprivate' },
  ] as object[] as typeof mounts);
  const binds = JSON.parse(await daemon.ok(['inspect', '-f', '{{json .HostConfig.Binds}}', id])) as string[];
  expect(binds.toSorted()).toEqual(['/tmp:/a:z', 'shown:/b']); // the client sends them in the order of a Go map
  await daemon.ok(['rm', id]);
});

test('a shared mount needs a shared source, and an unknown option of a tmpfs stops the start', async () => {
  const shared = await fails('-v', `${host}:/x:rshared`, 'busybox', 'true');
  expect(shared).toMatch(/path .*host is mounted on \S+ but it is not a shared mount/);
  expect(await fails('--tmpfs', '/x:foo', 'busybox', 'true')).toContain('invalid tmpfs option "foo"');
  expect(await run('--tmpfs', '/x:exec,size=1m,mode=700', 'busybox', 'sh', '-c', 'mount | grep " /x "')).toMatch(
    /\(rw,nosuid,nodev,relatime,size=1024k,mode=700\)/,
  );
});

test('a subpath of a volume never leads out of it', async () => {
  await run(
    '-v',
    'tree:/d',
    'busybox',
    'sh',
    '-c',
    'mkdir -p /d/a/b; echo in > /d/a/b/f; ln -s /a/b /d/abs; ln -s ../../../../etc /d/up',
  );
  const at = (subpath: string): string[] => [
    '--mount',
    `type=volume,src=tree,dst=/y,volume-subpath=${subpath}`,
    'busybox',
  ];
  expect(await run(...at('a/b'), 'cat', '/y/f')).toBe('in');
  expect(await run(...at('a/b/f'), 'cat', '/y')).toBe('in');
  expect(await run(...at('abs'), 'cat', '/y/f')).toBe('in'); // the volume is the link's root
  expect(await fails(...at('up'), 'ls', '/y')).toContain('cannot access path up: no such file or directory');
  symlinkSync('/proc/self/root', join(daemon.root, 'd/volumes/tree/_data/magic'));
  expect(await fails(...at('magic/etc'), 'ls', '/y')).toContain('cannot access path magic/etc');
  expect(await fails(...at('../x'), 'ls', '/y')).toContain('subpath must be a relative path within the volume');
});

test('an image is mounted, whole or in part; what is written there goes with the container', async () => {
  const image = 'type=image,src=busybox,dst=/i';
  const id = await daemon.ok([
    'run',
    '-d',
    '--mount',
    image,
    'busybox',
    'sh',
    '-c',
    'echo mine > /i/new; ls /i/bin; sleep 1000',
  ]);
  while (!(await daemon.ok(['logs', id])).includes('busybox')) await Bun.sleep(20);
  await daemon.ok(['restart', '-t', '0', id]);
  expect(await daemon.ok(['exec', id, 'cat', '/i/new'])).toBe('mine');
  expect(await run('--mount', image, 'busybox', 'ls', '/i')).not.toContain('new');
  expect(await run('--mount', `${image},image-subpath=bin,readonly`, 'busybox', 'ls', '/i')).toContain('busybox');
  await daemon.kill9();
  await daemon.restart();
  expect(await daemon.ok(['exec', id, 'cat', '/i/new'])).toBe('mine');
  await daemon.ok(['rm', '-f', id]);
  expect(await fails('--mount', 'type=image,src=nosuch,dst=/i', 'busybox', 'true')).toContain(
    'No such image: nosuch:latest',
  );
}, 60_000);

test('an image that is mounted somewhere is in use; one that a container has let go of is not', async () => {
  await daemon.ok(['build', '-q', '-t', 'tools', '-'], {
    stdin: 'FROM scratch\nLABEL a=b\nCOPY --from=busybox /bin/true /t\n',
  });
  const id = await daemon.ok(['create', '--mount', 'type=image,src=tools,dst=/i', 'busybox', 'true']);
  expect((await daemon.docker(['rmi', 'tools'])).stderr).toContain(
    `(must force) - container ${id.slice(0, 12)} is using`,
  );
  await daemon.ok(['rm', id]);
  await daemon.ok(['rmi', 'tools']);
});

test('a tmpfs of --mount comes along with --volumes-from and lies on top of one of --tmpfs; no VOLUME lies over a file', async () => {
  const tmpfs = ['--mount', 'type=tmpfs,dst=/x,tmpfs-size=2097152'];
  const script = 'df -k /x | tail -1; touch /x/a; grep -c " /y " /proc/mounts';
  expect(await run('--tmpfs', '/x:size=1m', ...tmpfs, 'busybox', 'df', '-k', '/x')).toContain(' 2048 ');
  await daemon.ok(['create', '--name', 'giver', '--tmpfs', '/y', ...tmpfs, 'busybox']);
  expect(
    (await daemon.docker(['run', '--rm', '--volumes-from', 'giver:ro', 'busybox', 'sh', '-c', script])).stderr,
  ).toContain('Read-only file system');
  expect(
    (await daemon.docker(['run', '--rm', '--volumes-from', 'giver', 'busybox', 'sh', '-c', script])).stdout,
  ).toMatch(/ 2048 [^]*\n0\n$/);
  await daemon.ok(['rm', 'giver']);
  expect((await daemon.docker(['create', '-v', '/etc/passwd', 'busybox'])).stderr).toContain(
    'cannot mount volume over existing file, file exists ',
  );
});

test('a new volume gets what the image has, at creation, with owners and modes; nocopy and a filled one do not', async () => {
  const dockerfile = `FROM busybox\nRUN mkdir /data && echo 1 > /data/f && chown 12:34 /data /data/f && chmod 2750 /data\nVOLUME /data\n`;
  mkdirSync(join(daemon.root, 'ctx'), { recursive: true });
  writeFileSync(join(daemon.root, 'ctx/Dockerfile'), dockerfile);
  await daemon.ok(['build', '-q', '-t', 'filled', join(daemon.root, 'ctx')]);
  await daemon.ok(['create', '--name', 'keeper', '-v', 'one:/data', 'filled']);
  const look = ['sh', '-c', 'stat -c "%u:%g %a" /x; cat /x/f'];
  expect(await run('-v', 'one:/x', 'busybox', ...look)).toBe('12:34 2750\n1');
  expect(await run('--volumes-from', 'keeper:ro', 'busybox', 'cat', '/data/f')).toBe('1');
  expect(await fails('--volumes-from', 'keeper:ro', 'busybox', 'touch', '/data/g')).toContain('Read-only file system');
  expect(await run('-v', 'two:/data:nocopy', 'filled', 'ls', '/data')).toBe('');
  await run('-v', 'three:/x', 'busybox', 'touch', '/x/own');
  expect(await run('-v', 'three:/data', 'filled', 'ls', '/data')).toBe('own');
  await daemon.ok(['rm', 'keeper']);
}, 60_000);

test('anonymous volumes go with --rm and rm -v, named ones stay', async () => {
  const count = async (): Promise<number> =>
    (await daemon.ok(['volume', 'ls', '-q', '-f', 'label=com.docker.volume.anonymous'])).split('\n').filter(Boolean)
      .length;
  const before = await count();
  await run('-v', '/anonymous', '-v', 'stays:/y', 'busybox', 'true');
  expect(await count()).toBe(before);
  const id = await daemon.ok(['create', '-v', '/anonymous', 'busybox', 'true']);
  expect(await count()).toBe(before + 1);
  await daemon.ok(['rm', id]);
  expect(await count()).toBe(before + 1);
  const other = await daemon.ok(['create', '-v', '/anonymous', 'busybox', 'true']);
  await daemon.ok(['rm', '-v', other]);
  expect(await count()).toBe(before + 1);
  expect(await daemon.ok(['volume', 'ls', '-q', '-f', 'name=^stays$'])).toBe('stays');
});

test("idmap: the owner of a folder and the container's user have each other's ids", async () => {
  const folder = join(host, 'mine');
  mkdirSync(folder);
  chownSync(folder, 1234, 1235);
  await run('-v', `${folder}:/x:idmap`, 'busybox', 'sh', '-c', 'test -O /x && echo 1 > /x/root');
  await run(
    '-u',
    '50:60',
    '-v',
    `${folder}:/x:idmap`,
    'busybox',
    'sh',
    '-c',
    'test -O /x && test -O /x/root && echo 1 > /x/user',
  );
  const mount = `type=bind,src=${folder},dst=/x,bind-idmap`;
  expect(await ownOk(daemon, ['run', '--rm', '--mount', mount, 'busybox', 'stat', '-c', '%u:%g', '/x/user'])).toBe(
    '0:0',
  );
  for (const name of ['root', 'user']) {
    const { uid, gid } = statSync(join(folder, name));
    expect([name, uid, gid]).toEqual([name, 1234, 1235]);
  }
  const ranges = `${folder}:/x:idmap=uids=1234-7-1;gids=1235-8-1`;
  expect(await run('-v', ranges, 'busybox', 'stat', '-c', '%u:%g', '/x')).toBe('7:8');
  expect(await fails('-v', '/proc/sys:/x:idmap', 'busybox', 'true')).toContain('has no idmapped mounts');
});

test("refusals of the API have Docker's statuses and texts", async () => {
  const create = async (HostConfig: object): Promise<string> =>
    await refusal(daemon, 'POST', '/containers/create', { Image: 'busybox', Cmd: ['true'], HostConfig });
  expect(await create({ Binds: ['/tmp:/x', 'aa:/x'] })).toBe('400 Duplicate mount point: /x');
  expect(await create({ Binds: ['a!:/x'] })).toStartWith('400 create a!: "a!" includes invalid characters');
  expect(await create({ Tmpfs: { x: '' } })).toBe("400 invalid mount path: 'x' mount path must be absolute");
  expect(await create({ VolumesFrom: ['nosuch'] })).toBe('400 No such container: nosuch');
  expect(
    await create({
      Mounts: [{ Type: 'volume', Source: 'v1', Target: '/x', VolumeOptions: { DriverConfig: { Name: 'nope' } } }],
    }),
  ).toBe('404 create v1: error looking up volume plugin nope: plugin "nope" not found');
  expect(await create({ Binds: [`${daemon.root}:/x:rprivate`] })).toContain(
    'must use either propagation mode "rslave" or "rshared"',
  );
});
