import { Database } from 'bun:sqlite';
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startDaemon, type TestDaemon } from '../../helpers/daemon.ts';
import { own, ownOk } from './ask.ts';

let daemon: TestDaemon;
beforeAll(async () => {
  daemon = await startDaemon();
  const fill =
    'mkdir -p /x/a && echo 1 > /x/a/f && chown 5:6 /x/a/f && chmod 640 /x/a/f && ln -s /etc /x/link && ln /x/a/f /x/same';
  await daemon.ok(['run', '--rm', '-v', 'data:/x', 'busybox', 'sh', '-c', fill]);
}, 60_000);
afterAll(async () => await daemon.stop(), 60_000);

const LOOK = ['sh', '-c', 'cd /x && find . | sort && stat -c "%u:%g %a %h" a/f && readlink link && cat same'];
const look = async (name: string): Promise<string> =>
  await daemon.ok(['run', '--rm', '-v', `${name}:/x`, 'busybox', ...LOOK]);
const folders = (): readonly string[] => readdirSync(join(daemon.root, 'd/volumes')).toSorted();
const drafts = (): readonly string[] => readdirSync(join(daemon.root, 'd/volumes/.new'));

test('a copy and a snapshot hold the same, and what changes later is in one of them alone', async () => {
  expect(await ownOk(daemon, ['volume', 'cp', '--label', 'copy=1', 'data', 'second'])).toBe('second');
  const snapshot = await ownOk(daemon, ['volume', 'snapshot', 'data']);
  expect(snapshot).toMatch(/^data-\d{8}T\d{6}Z$/);
  await daemon.ok(['run', '--rm', '-v', 'second:/x', 'busybox', 'sh', '-c', 'echo 2 > /x/same']);
  expect(await look('data')).toBe(await look(snapshot));
  expect((await look('second')).endsWith('2')).toBe(true);
  expect(await daemon.ok(['volume', 'inspect', '-f', '{{index .Labels "skiff.snapshot.of"}}', snapshot])).toBe('data');
  expect(await daemon.ok(['volume', 'inspect', '-f', '{{json .Labels}}', 'second'])).toBe('{"copy":"1"}');
  await daemon.ok(['volume', 'rm', 'second', snapshot]);
}, 60_000);

test('an archive goes out and comes in again, plain and compressed, with owners and links', async () => {
  const file = join(daemon.root, 'data.tar');
  await ownOk(daemon, ['volume', 'export', '-o', file, 'data']);
  expect(await ownOk(daemon, ['volume', 'import', file, 'back'])).toBe('back');
  expect(await look('back')).toBe(await look('data'));
  Bun.spawnSync(['gzip', file]);
  await ownOk(daemon, ['volume', 'import', '-', 'packed'], { stdin: readFileSync(`${file}.gz`) });
  expect(await look('packed')).toBe(await look('data'));
  await daemon.ok(['volume', 'rm', 'back', 'packed']);
}, 60_000);

test('a rename keeps the content, and is refused for what a container has', async () => {
  await ownOk(daemon, ['volume', 'cp', 'data', 'old']);
  await ownOk(daemon, ['volume', 'rename', 'old', 'new']);
  expect(await look('new')).toBe(await look('data'));
  expect(await daemon.ok(['volume', 'ls', '-q', '-f', 'name=^(old|new)$'])).toBe('new');
  await daemon.ok(['create', '--name', 'has', '-v', 'new:/x', 'busybox', 'true']);
  expect((await own(daemon, ['volume', 'rename', 'new', 'old'])).stderr).toMatch(
    /rename new: volume is in use - \[[0-9a-f]{64}\]/,
  );
  await daemon.ok(['rm', 'has']);
  await daemon.ok(['volume', 'rm', 'new']);
}, 60_000);

test('what a running container has mounted is copied by force alone', async () => {
  await daemon.ok(['run', '-d', '--name', 'writes', '-v', 'data:/x', 'busybox', 'sleep', '1000']);
  expect((await own(daemon, ['volume', 'cp', 'data', 'torn'])).stderr).toContain(
    'copy data: volume is mounted by running containers',
  );
  expect(await ownOk(daemon, ['volume', 'cp', '-f', 'data', 'torn'])).toBe('torn');
  await daemon.ok(['rm', '-f', 'writes']);
  await daemon.ok(['volume', 'rm', 'torn']);
}, 60_000);

test('what is refused leaves nothing: taken names, bad names, volumes that are not there, archives that are none', async () => {
  await daemon.ok(['volume', 'create', 'taken']);
  const before = folders();
  const archive = join(daemon.root, 'bad.tar');
  writeFileSync(archive, 'no archive at all');
  for (const [args, text] of [
    [['cp', 'data', 'taken'], 'copy taken: there is a volume of that name already'],
    [['cp', 'data', 'a/b'], 'includes invalid characters for a local volume name'],
    [['cp', 'data', '../x'], 'includes invalid characters for a local volume name'],
    [['cp', 'nosuch', 'x1'], 'get nosuch: no such volume'],
    [['rename', 'data', 'taken'], 'rename taken: there is a volume of that name already'],
    [['rename', 'nosuch', 'x1'], 'get nosuch: no such volume'],
    [['import', archive, 'x1'], 'archive'],
    [['import', archive, 'taken'], 'import taken: there is a volume of that name already'],
    [['export', 'nosuch'], 'get nosuch: no such volume'],
  ] as const) {
    const { exitCode, stderr } = await own(daemon, ['volume', ...args]);
    expect([args, exitCode, stderr]).toEqual([args, 1, expect.stringContaining(text)]);
  }
  expect([folders(), drafts()]).toEqual([before, []]);
  await daemon.ok(['volume', 'rm', 'taken']);
}, 60_000);

test('a hostile archive cannot write outside the volume', async () => {
  const folder = join(daemon.root, 'hostile');
  mkdirSync(folder);
  const outside = join(daemon.root, 'outside');
  const pack = `cd ${folder} && ln -s ${daemon.root} out && tar cf h.tar out && rm out && mkdir out && echo x > out/outside && tar rf h.tar out/outside`;
  Bun.spawnSync(['sh', '-c', pack]);
  await own(daemon, ['volume', 'import', join(folder, 'h.tar'), 'hostile']);
  expect(existsSync(outside)).toBe(false);
  await daemon.docker(['volume', 'rm', '-f', 'hostile']);
});

test('a daemon that died in the middle: drafts go, what was decided is finished', async () => {
  await ownOk(daemon, ['volume', 'cp', 'data', 'renamed']);
  await ownOk(daemon, ['volume', 'cp', 'data', 'copied']);
  await ownOk(daemon, ['volume', 'cp', 'data', 'moving']);
  await daemon.kill9();
  const volumes = join(daemon.root, 'd/volumes');
  const db = new Database(join(daemon.root, 'd/db.sqlite'));
  const set = (name: string, key: string, value: string): void =>
    void db.run(`UPDATE volume SET record = json_set(record, ?, ?) WHERE name = ?`, [`$.${key}`, value, name]);
  set('renamed', 'renamingTo', 'after'); // decided, not done
  set('moving', 'renamingTo', 'moved'); // done, not kept
  renameSync(join(volumes, 'moving'), join(volumes, 'moved'));
  set('copied', 'draft', 'whole'); // on record, not in its place
  renameSync(join(volumes, 'copied'), join(volumes, '.new/whole'));
  db.close();
  mkdirSync(join(volumes, '.new/half/_data/x'), { recursive: true });
  await daemon.restart();
  expect((await daemon.ok(['volume', 'ls', '-q'])).split('\n')).toEqual(['after', 'copied', 'data', 'moved']);
  for (const name of ['after', 'copied', 'moved']) expect(await look(name)).toBe(await look('data'));
  expect(drafts()).toEqual([]);
  await daemon.ok(['volume', 'rm', 'after', 'copied', 'moved']);
}, 60_000);

test('SIGKILL at any moment of a create, copy, rename and removal leaves whole volumes and no others', async () => {
  const whole = await look('data');
  for (let round = 0; round < 4; round++) {
    const [one, two, made] = [`one${round}`, `two${round}`, `made${round}`];
    const work = async (): Promise<void> => {
      await own(daemon, ['volume', 'cp', 'data', one]);
      await own(daemon, ['volume', 'rename', one, two]);
      await own(daemon, ['volume', 'create', made]);
      await own(daemon, ['volume', 'rm', two]);
    };
    const working = work();
    await Bun.sleep(40 + round * 80);
    await daemon.kill9();
    await working;
    await daemon.restart();
    const names = (await daemon.ok(['volume', 'ls', '-q'])).split('\n');
    expect(folders().filter((name) => name !== '.new')).toEqual(names.toSorted());
    expect(drafts()).toEqual([]);
    for (const name of names.filter((name) => /^(one|two)/.test(name))) {
      expect(await look(name)).toBe(whole);
      await daemon.ok(['volume', 'rm', name]);
    }
    await daemon.docker(['volume', 'rm', '-f', made]);
  }
}, 120_000);
