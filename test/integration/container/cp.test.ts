import { afterAll, beforeAll, expect, test } from 'bun:test';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { type NewTarEntry, tarEnd, tarHeader, tarPadding } from '../../../src/lib/tar/writer.ts';
import { startDaemon, type TestDaemon } from '../../helpers/daemon.ts';
import { type CommandOptions, type CommandResult, runCommand } from '../../helpers/docker-cli.ts';

const OURS = resolve(import.meta.dirname, '../../../bin/docker');

let daemon: TestDaemon;
let work = '';
beforeAll(async () => {
  daemon = await startDaemon();
  work = mkdtempSync('/tmp/skt-cp-');
  await daemon.ok([
    'run',
    '-d',
    '--name',
    'running',
    '--stop-timeout',
    '0',
    '-v',
    'data:/data',
    '-v',
    'locked:/locked:ro',
    'busybox',
    'sleep',
    '1000',
  ]);
  await daemon.ok(['create', '--name', 'stopped', '-v', 'data:/data', '-v', 'locked:/locked:ro', 'busybox', 'true']);
}, 60_000);
afterAll(async () => {
  rmSync(work, { recursive: true, force: true });
  await daemon.stop();
}, 60_000);

async function ours(args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  return await runCommand([OURS, ...args], { ...options, env: { DOCKER_HOST: daemon.host, HOME: work } });
}

async function theirs(args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  return await daemon.docker(args, options);
}

function folder(name: string): string {
  const path = join(work, name);
  rmSync(path, { recursive: true, force: true });
  mkdirSync(path, { recursive: true });
  return path;
}

type Entry = NewTarEntry & { readonly content?: string };

function archive(...entries: readonly Entry[]): Uint8Array {
  const blocks = entries.flatMap(({ content = '', ...entry }) => [
    tarHeader({ ...entry, size: content.length }),
    Buffer.from(content),
    tarPadding(content.length),
  ]);
  return Buffer.concat([...blocks, tarEnd()]);
}

const request = async (method: string, path: string, body?: Uint8Array): Promise<Response> =>
  await fetch(`http://d/v1.51${path}`, { unix: daemon.socket, method, ...(body && { body: Buffer.from(body) }) });

test('both clients copy in and out of running and stopped containers, into volumes too', async () => {
  for (const container of ['running', 'stopped']) {
    for (const [name, run] of [
      ['go', theirs],
      ['ours', ours],
    ] as const) {
      const from = folder('from');
      mkdirSync(join(from, 'sub'));
      writeFileSync(join(from, 'sub/f'), `${container} ${name}`, { mode: 0o640 });
      symlinkSync('f', join(from, 'sub/l'));
      expect((await run(['cp', `${from}/sub`, `${container}:/tmp/${name}`])).stderr).toBe('');
      expect((await run(['cp', `${container}:/tmp/${name}/.`, folder('out')])).stderr).toBe('');
      expect(readFileSync(join(work, 'out/f'), 'utf8')).toBe(`${container} ${name}`);
      expect(lstatSync(join(work, 'out/f')).mode & 0o777).toBe(0o640);
      expect(readlinkSync(join(work, 'out/l'))).toBe('f');
      expect((await run(['cp', `${from}/sub/f`, `${container}:/data/${container}-${name}`])).stderr).toBe('');
      expect((await run(['cp', `${from}/sub/f`, `${container}:/locked/`])).stderr).toBe(
        'Error response from daemon: mounted volume is marked read-only\n',
      );
    }
  }
  const files = await daemon.ok(['exec', 'running', 'ls', '/data']);
  expect(files.split('\n')).toEqual(['running-go', 'running-ours', 'stopped-go', 'stopped-ours']);
}, 60_000);

/** Our client must do as the other does, whatever stands at either end. */
const RULES: readonly (readonly [string, string])[] = [
  ['src', 'C:/t/new'],
  ['src', 'C:/t/dir'],
  ['src/.', 'C:/t/dir2'],
  ['src/a', 'C:/t/file'],
  ['src/a', 'C:/t/none/'],
  ['src', 'C:/t/file'],
  ['src/a', 'C:/t/to-dir'],
  ['src/a', 'C:/t/to-file'],
  ['src/a', 'C:/t/broken'],
  ['src/a', 'C:/t/no/such'],
  ['src/a/', 'C:/t'],
  ['link', 'C:/t/as-link'],
  ['link/', 'C:/t/as-folder'],
  ['nowhere', 'C:/t'],
  ['C:/t/dir', 'out1'],
  ['C:/t/dir', 'there'],
  ['C:/t/dir/.', 'there'],
  ['C:/t/file', 'out3/'],
  ['C:/t/file', 'no/such'],
  ['C:/t/to-dir', 'out4'],
  ['C:/t/to-dir/', 'out5'],
  ['C:/t/nowhere', 'out6'],
  ['C:/t/dir', 'src/a'],
  ['C:/t/file', '/dev/null'],
  ['C:/x', 'C:/y'],
  ['src', 'there'],
];

test('every rule about slashes, dots, links and what exists is the same in both clients', async () => {
  const outcomes = await Promise.all(
    (
      [
        ['go', theirs],
        ['ours', ours],
      ] as const
    ).map(async ([name, run]) => {
      const cwd = folder(`rules-${name}`);
      mkdirSync(join(cwd, 'src/sub'), { recursive: true });
      mkdirSync(join(cwd, 'there'));
      writeFileSync(join(cwd, 'src/a'), 'a');
      writeFileSync(join(cwd, 'src/sub/b'), 'b');
      symlinkSync('src', join(cwd, 'link'));
      await daemon.ok(['run', '-d', '--name', `rules-${name}`, '--stop-timeout', '0', 'busybox', 'sleep', '1000']);
      const script =
        'mkdir -p /t/dir /t/dir2; echo q >/t/file; ln -s dir /t/to-dir; ln -s /t/file /t/to-file; ln -s /t/late /t/broken';
      await daemon.ok(['exec', `rules-${name}`, 'sh', '-c', script]);
      const said: string[] = [];
      for (const [from, to] of RULES)
        for (const flags of [[], ['-L']]) {
          const args = [from, to].map((text) => text.replace(/^C:/, `rules-${name}:`));
          const { exitCode, stderr } = await run(['cp', ...flags, ...args], { cwd });
          const lines = stderr.split('\n').filter((line) => !line.startsWith('time='));
          said.push(
            `${flags.join('')} ${from} ${to}: ${exitCode} ${lines.join('\n')}`.replaceAll(`rules-${name}`, 'C'),
          );
        }
      const inside = await daemon.ok([
        'exec',
        `rules-${name}`,
        'sh',
        '-c',
        'find /t | sort | xargs ls -ld | cut -c1-10,57-',
      ]);
      const outside = readdirSync(cwd, { recursive: true, encoding: 'utf8' }).sort();
      return { said, inside: inside.split('\n'), outside };
    }),
  );
  expect(outcomes[1]).toEqual(outcomes[0] ?? { said: [], inside: [], outside: [] });
}, 120_000);

test('a tar streams to and from a container by -', async () => {
  const { stdout } = await ours(['cp', 'running:/etc/passwd', '-']);
  expect(stdout.startsWith('passwd\0')).toBe(true);
  const bytes = archive({ name: 'x', type: 'file', content: 'from a tar', uid: 7, gid: 8, mode: 0o600 });
  expect((await ours(['cp', '-', 'running:/tmp'], { stdin: bytes })).stderr).toBe('');
  expect(await daemon.ok(['exec', 'running', 'stat', '-c', '%u %g %a', '/tmp/x'])).toBe('7 8 600');
  const refused = await ours(['cp', '-', 'running:/etc/passwd'], { stdin: bytes });
  expect(refused.stderr).toBe('destination "running:/etc/passwd" must be a directory\n');
});

test("with -a everything becomes the container's user's", async () => {
  await daemon.ok(['create', '--name', 'user', '-u', '12:34', 'busybox', 'true']);
  writeFileSync(join(work, 'mine'), '');
  expect((await ours(['cp', '-a', join(work, 'mine'), 'user:/tmp/'])).stderr).toBe('');
  const { stdout } = await runCommand(['tar', 'tvn', '--numeric-owner'], {
    stdin: new Uint8Array(await (await request('GET', '/containers/user/archive?path=/tmp/mine')).arrayBuffer()),
  });
  expect(stdout).toContain(' 12/34 ');
});

test('HEAD tells the facts in a header; errors have the documented statuses', async () => {
  await daemon.ok(['exec', 'running', 'sh', '-c', 'ln -s ../etc/passwd /tmp/pw']);
  const head = await request('HEAD', '/containers/running/archive?path=/tmp/pw');
  const stat = JSON.parse(Buffer.from(head.headers.get('x-docker-container-path-stat') ?? '', 'base64').toString());
  expect(stat).toMatchObject({ name: 'pw', size: 13, mode: 0x8000000 + 0o777, linkTarget: '/etc/passwd' });
  const statuses = await Promise.all(
    [
      ['GET', '/containers/none/archive?path=/'],
      ['GET', '/containers/running/archive?path=/none'],
      ['HEAD', '/containers/running/archive?path=/none'],
      ['GET', '/containers/running/archive'],
      ['PUT', '/containers/running/archive?path=/none'],
      ['PUT', '/containers/running/archive?path=/etc/passwd'],
      ['PUT', '/containers/running/archive?path=/locked'],
    ].map(
      async ([method = '', path = '']) =>
        (await request(method, path, method === 'PUT' ? archive() : undefined)).status,
    ),
  );
  expect(statuses).toEqual([404, 404, 404, 400, 404, 400, 400]);
});

test('links in a container lead nowhere outside of it', async () => {
  const marker = join(work, 'marker');
  writeFileSync(marker, 'of the host');
  await daemon.ok([
    'exec',
    'running',
    'sh',
    '-c',
    `ln -s / /tmp/root; ln -s ../../../../../../.. /tmp/up; mkdir -p ${work}`,
  ]);
  for (const path of [`/tmp/root${marker}`, `/tmp/up${marker}`, `/proc/1/root${marker}`, marker]) {
    const response = await request('GET', `/containers/running/archive?path=${path}`);
    expect([path, response.status]).toEqual([path, 404]);
  }
  const entries = [
    { name: 'l', type: 'symlink', linkName: work },
    { name: 'l/planted', type: 'file', content: 'x' },
  ] as const;
  const put = await request('PUT', '/containers/running/archive?path=/tmp', archive(...entries));
  expect(put.status).toBe(200);
  expect(existsSync(join(work, 'planted'))).toBe(false);
  expect(await daemon.ok(['exec', 'running', 'cat', `${work}/planted`])).toBe('x');
});

test('archives with names, hard links or nodes made to break out are refused or stay inside', async () => {
  await daemon.ok(['exec', 'running', 'mkdir', '/tmp/hostile']);
  const put = async (...entries: readonly Entry[]): Promise<readonly [number, string]> => {
    const response = await request('PUT', '/containers/running/archive?path=/tmp/hostile', archive(...entries));
    return [response.status, await response.text()];
  };
  const outside = `../../../../../../../..${work}/planted`;
  expect(await put({ name: outside, type: 'file', content: 'x' })).toEqual([
    400,
    expect.stringContaining('is outside of'),
  ]);
  expect(await put({ name: 'h', type: 'link', linkName: `../../../../../../..${work}/marker` })).toEqual([
    400,
    expect.stringContaining('invalid hardlink'),
  ]);
  expect((await put({ name: 'null', type: 'character', deviceMajor: 1, deviceMinor: 3, mode: 0o666 }))[0]).toBe(200);
  expect(await daemon.ok(['exec', 'running', 'stat', '-c', '%F %t %T', '/tmp/hostile/null'])).toBe(
    'character special file 1 3',
  );
  const cut = archive({ name: 'cut', type: 'file', content: 'x'.repeat(4000) }).subarray(0, 1500);
  const broken = await request('PUT', '/containers/running/archive?path=/tmp', cut);
  expect([broken.status, await broken.text()]).toEqual([400, expect.stringContaining('in the middle of an entry')]);
  expect(existsSync(join(work, 'planted'))).toBe(false);
});

test('clients that write the same file at the same moment all succeed, and one of them has the last word', async () => {
  await daemon.ok(['exec', 'running', 'mkdir', '/tmp/same']);
  const texts = Array.from({ length: 8 }, (_none, at) => String(at).repeat(1000));
  const put = async (content: string): Promise<number> => {
    const entries = Array.from({ length: 500 }, (_none, at) => ({ name: `d/${at}`, type: 'file', content }) as const);
    return (await request('PUT', '/containers/running/archive?path=/tmp/same', archive(...entries))).status;
  };
  for (let round = 0; round < 5; round++) expect(await Promise.all(texts.map(put))).toEqual(texts.map(() => 200));
  expect(texts).toContain(await daemon.ok(['exec', 'running', 'cat', '/tmp/same/d/7']));
});

test("a hostile container's archive leaves nothing outside the folder our client copies to", async () => {
  const into = folder('into');
  const script = `mkdir -p /bad/d; ln -s ${work} /bad/l; ln -s ../../.. /bad/d/up`;
  await daemon.ok(['exec', 'running', 'sh', '-c', script]);
  const { exitCode, stderr } = await ours(['cp', 'running:/bad', into]);
  expect([exitCode, stderr]).toEqual([1, expect.stringContaining('invalid symlink')]);
  expect(readdirSync(join(into, 'bad'))).not.toContain('up');
});

test('a copy in front of a start holds the start back, and leaves no mount', async () => {
  await daemon.ok(['create', '--name', 'later', 'busybox', 'cat', '/tmp/late']);
  writeFileSync(join(work, 'late'), 'copied before\n');
  await daemon.ok(['cp', join(work, 'late'), 'later:/tmp/']);
  expect(await daemon.ok(['start', '-a', 'later'])).toBe('copied before');
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes(daemon.root));
  expect(mounts.filter((line) => line.includes('/view '))).toEqual([]);
});
