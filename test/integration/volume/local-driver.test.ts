import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startDaemon, type TestDaemon } from '../../helpers/daemon.ts';
import { ask, refusal, volumeEvents } from './ask.ts';

let daemon: TestDaemon;
beforeAll(async () => {
  daemon = await startDaemon();
}, 60_000);
afterAll(async () => await daemon.stop(), 60_000);

const mountedTimes = (name: string): number =>
  readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes(` ${daemon.root}/d/volumes/${name}/_data `)).length;
const create = async (name: string, options: Record<string, string>): Promise<void> => {
  const flags = Object.entries(options).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
  await daemon.ok(['volume', 'create', ...flags, name]);
};

test('what options ask for is mounted for the first user and taken off after the last, over a SIGKILL too', async () => {
  await create('mem', { type: 'tmpfs', device: 'tmpfs', o: 'size=1m,uid=77,mode=711' });
  expect(mountedTimes('mem')).toBe(0);
  for (const name of ['first', 'second'])
    await daemon.ok(['run', '-d', '--name', name, '-v', 'mem:/m', '-v', 'mem:/n', 'busybox', 'sleep', '1000']);
  expect(await daemon.ok(['exec', 'first', 'stat', '-c', '%u %a', '/m'])).toBe('77 711');
  await daemon.ok(['exec', 'first', 'touch', '/m/seen']);
  expect(await daemon.ok(['exec', 'second', 'ls', '/n'])).toBe('seen');
  expect(mountedTimes('mem')).toBe(1);
  await daemon.kill9();
  await daemon.restart();
  await daemon.ok(['rm', '-f', 'first']);
  expect(mountedTimes('mem')).toBe(1);
  expect(await daemon.ok(['exec', 'second', 'ls', '/m'])).toBe('seen');
  expect((await daemon.docker(['volume', 'rm', 'mem'])).stderr).toMatch(
    /remove mem: volume is in use - \[[0-9a-f]{64}\]/,
  );
  const pid = Number(await daemon.ok(['inspect', '-f', '{{.State.Pid}}', 'second']));
  await daemon.kill9();
  process.kill(pid, 'SIGKILL');
  await daemon.restart();
  expect(mountedTimes('mem')).toBe(0);
  await daemon.ok(['rm', '-f', 'second']);
  await daemon.ok(['volume', 'rm', 'mem']);
}, 90_000);

test("a bind as a volume: its content is the folder's, which stays when the volume goes", async () => {
  const folder = join(daemon.root, 'folder');
  mkdirSync(folder);
  writeFileSync(join(folder, 'f'), 'kept');
  await create('bound', { type: 'none', device: folder, o: 'bind' });
  expect(await daemon.ok(['run', '--rm', '-v', 'bound:/x', 'busybox', 'cat', '/x/f'])).toBe('kept');
  await daemon.ok(['create', '--name', 'still', '-v', 'bound:/x', 'busybox', 'true']);
  writeFileSync(join(daemon.root, 'in'), 'in');
  await daemon.ok(['cp', join(daemon.root, 'in'), 'still:/x/in']);
  expect(readFileSync(join(folder, 'in'), 'utf8')).toBe('in');
  expect(mountedTimes('bound')).toBe(0);
  await daemon.ok(['rm', 'still']);
  await daemon.ok(['volume', 'rm', 'bound']);
  expect(readFileSync(join(folder, 'f'), 'utf8')).toBe('kept');
}, 60_000);

test('a mount that fails says what was tried, and leaves nothing', async () => {
  await create('broken', { type: 'none', device: '/nonexist', o: 'bind' });
  await create('unknown', { type: 'nfs', device: ':/x', o: 'addr=nosuch.invalid,rw' });
  await create('secret', { type: 'cifs', device: '//10.255.255.1/x', o: 'addr=10.255.255.1,password=hidden' });
  const text = async (name: string): Promise<string> =>
    (await daemon.docker(['run', '--rm', '-v', `${name}:/x`, 'busybox', 'true'])).stderr;
  const at = (name: string): string => join(daemon.root, 'd/volumes', name, '_data');
  expect(await text('broken')).toContain(
    `error while mounting volume '${at('broken')}': failed to mount local volume: mount /nonexist:${at('broken')}, flags: 0x1000: no such file or directory`,
  );
  expect(await text('unknown')).toContain(
    `error while mounting volume '${at('unknown')}': error resolving passed in network volume address: lookup nosuch.invalid`,
  );
  const hidden = await text('secret');
  expect(hidden).toContain('password=********');
  expect(hidden).not.toContain('hidden');
  expect(['broken', 'unknown', 'secret'].map(mountedTimes)).toEqual([0, 0, 0]);
  expect(await daemon.ok(['ps', '-aq'])).toBe('');
  await daemon.ok(['volume', 'rm', 'broken', 'unknown', 'secret']);
}, 60_000);

test.each([
  [{ Name: 'x' }, '400 create x: volume name is too short, names should be at least two alphanumeric characters'],
  [{ Name: 'nn', Driver: 'nope' }, '404 create nn: error looking up volume plugin nope: plugin "nope" not found'],
  [{ Name: 'nn', DriverOpts: { foo: 'x' } }, '400 create nn: invalid option: "foo"'],
  [{ Name: 'nn', DriverOpts: { type: 'tmpfs' } }, '400 create nn: missing required option: "device"'],
  [{ Name: 'nn', DriverOpts: { size: '10m' } }, '400 create nn: quota size requested but no quota support'],
  [{ Name: 'nn', ClusterVolumeSpec: {} }, '503 This node is not a swarm manager.'],
])('%j is refused', async (body, text) => {
  expect(await refusal(daemon, 'POST', '/volumes/create', body)).toStartWith(text);
  expect((await ask(daemon, 'GET', '/volumes/nn')).status).toBe(404);
});

test('a name that is taken gives the volume as it is; another driver is a conflict only if there is one', async () => {
  const first = await ask(daemon, 'POST', '/volumes/create', { Name: 'same', Labels: { a: '1' } });
  const options = { type: 'tmpfs', device: 'tmpfs' };
  expect(await ask(daemon, 'POST', '/volumes/create', { Name: 'same', Driver: 'local', DriverOpts: options })).toEqual(
    first,
  );
  expect(first.status).toBe(201);
  expect(await refusal(daemon, 'PUT', '/volumes/same?version=1', {})).toBe(
    '503 volume update only valid for cluster volumes, but swarm is unavailable',
  );
  expect(await refusal(daemon, 'DELETE', '/volumes/nosuch')).toBe('404 get nosuch: no such volume');
  expect((await ask(daemon, 'DELETE', '/volumes/nosuch?force=1')).status).toBe(204);
  await daemon.ok(['volume', 'rm', 'same']);
});

test('prune takes anonymous volumes, with -a named ones, by label; never those with options or in use; clients before 1.42 mean all', async () => {
  await create('plain', {});
  await create('opts', { type: 'tmpfs', device: 'tmpfs' });
  await daemon.ok(['volume', 'create', '--label', 'keep', 'labelled']);
  const anonymous = await daemon.ok(['volume', 'create']);
  await daemon.ok(['run', '--rm', '-v', `${anonymous}:/x`, 'busybox', 'sh', '-c', 'head -c 5000 /dev/zero > /x/f']);
  await daemon.ok(['create', '--name', 'user', '-v', 'used:/x', 'busybox', 'true']);
  const prune = async (version: string, filters: object): Promise<unknown> =>
    (await ask(daemon, 'POST', `/v${version}/volumes/prune?filters=${encodeURIComponent(JSON.stringify(filters))}`))
      .body;
  expect(await prune('1.51', {})).toEqual({ VolumesDeleted: [anonymous], SpaceReclaimed: 5000 });
  expect(await prune('1.51', { all: ['true'], 'label!': ['keep'] })).toEqual({
    VolumesDeleted: ['plain'],
    SpaceReclaimed: 0,
  });
  expect(await refusal(daemon, 'POST', `/volumes/prune?filters=${encodeURIComponent('{"all":["x"]}')}`)).toBe(
    "400 invalid filter 'all=[x]'",
  );
  expect(await prune('1.41', {})).toEqual({ VolumesDeleted: ['labelled'], SpaceReclaimed: 0 });
  expect((await daemon.ok(['volume', 'ls', '-q'])).split('\n').toSorted()).toEqual(['opts', 'used']);
  await daemon.ok(['rm', 'user']);
  await daemon.ok(['volume', 'rm', 'opts', 'used']);
}, 60_000);

test('ls filters by name (a pattern), driver, label and dangling', async () => {
  await daemon.ok(['volume', 'create', '--label', 'tier=db', 'fa1']);
  await daemon.ok(['volume', 'create', 'fa2']);
  await daemon.ok(['create', '--name', 'holds', '-v', 'fa2:/x', 'busybox', 'true']);
  const ls = async (...filters: string[]): Promise<string> =>
    await daemon.ok(['volume', 'ls', '-q', ...filters.flatMap((filter) => ['-f', filter])]);
  expect(await ls('name=^fa[12]$')).toBe('fa1\nfa2');
  expect(await ls('name=fa', 'label=tier=db')).toBe('fa1');
  expect(await ls('name=fa', 'dangling=false')).toBe('fa2');
  expect(await ls('name=fa', 'dangling=true')).toBe('fa1');
  expect(await ls('driver=nope')).toBe('');
  expect((await daemon.docker(['volume', 'ls', '-f', 'dangling=foo'])).stderr).toContain(
    "invalid filter 'dangling=[foo]'",
  );
  await daemon.ok(['rm', 'holds']);
  await daemon.ok(['volume', 'rm', 'fa1', 'fa2']);
});

test('the life of a volume is told: create, mount, unmount, destroy', async () => {
  await daemon.ok(['run', '--rm', '-v', 'told:/x', 'busybox', 'true']);
  await daemon.ok(['volume', 'rm', 'told']);
  expect(await volumeEvents(daemon, 'told')).toEqual(['create local', 'mount local', 'unmount local', 'destroy local']);
});
