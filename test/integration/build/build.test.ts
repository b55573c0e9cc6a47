/** `docker build` of the unmodified client without BuildKit, against a daemon of ours. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { startDaemon, type TestDaemon } from '../../helpers/daemon.ts';
import type { CommandResult } from '../../helpers/docker-cli.ts';

let daemon: TestDaemon;
let folders = 0;

beforeAll(async () => {
  daemon = await startDaemon();
}, 120_000);
afterAll(async () => await daemon.stop(), 120_000);

/** A context of its own. */
function contextOf(files: Readonly<Record<string, string>>): string {
  const folder = join(daemon.root, `context-${++folders}`);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

const CLASSIC = { env: { DOCKER_BUILDKIT: '0' } };

async function build(folder: string, ...flags: readonly string[]): Promise<CommandResult> {
  return await daemon.docker(['build', ...flags, folder], CLASSIC);
}

/** Builds a Dockerfile alone and gives what the client says. */
async function failing(dockerfile: string): Promise<string> {
  const { exitCode, stderr, stdout } = await build(contextOf({ Dockerfile: dockerfile }));
  expect(exitCode).not.toBe(0);
  return `${stdout}${stderr}`;
}

const STAGES = `FROM busybox AS build
ARG WHO=nobody
WORKDIR /src
COPY . .
RUN echo "made for $WHO" > out
FROM busybox
LABEL kind=test
COPY --from=build /src/out /app/
COPY sub /app/sub/
CMD ["cat", "/app/out"]
`;

const MIXED = `FROM busybox AS b
RUN echo 'joe:x:1234:1234::/:/bin/sh' >> /etc/passwd && echo 'team:x:77:' >> /etc/group
WORKDIR /w/deep
COPY --chown=joe:team --chmod=600 f one
COPY <<A <<'B' /docs/
$PATH
A
$PATH
B
RUN <<EOF
mkdir /made && tar -cf /made/t.tar one
stat -c '%u:%g %a' one && cat /docs/B && pwd
EOF
FROM scratch
COPY --from=b /made /made
ADD t.tar /un/
CMD ["x"]
`;

describe('docker build', () => {
  test('builds the stages of a Dockerfile and names the image', async () => {
    const folder = contextOf({ Dockerfile: STAGES, 'sub/file': 'text', other: 'x' });
    symlinkSync('file', join(folder, 'sub/link'));
    const flags = ['-t', 'stages:1', '-t', 'stages:2', '--build-arg', 'WHO=joe', '--label', 'a=b'];
    const { exitCode, stdout } = await build(folder, ...flags);
    expect([exitCode, stdout]).toEqual([
      0,
      expect.stringContaining('Step 1/10 : FROM busybox:latest AS build\n ---> '),
    ]);
    expect(stdout).toMatch(/Step \d+\/10 : RUN echo "made for \$WHO" > out\n ---> Running in /);
    expect(stdout).toMatch(
      /Successfully built [0-9a-f]{12}\nSuccessfully tagged stages:1\nSuccessfully tagged stages:2\n$/,
    );
    expect(await daemon.ok(['run', '--rm', 'stages:2'])).toBe('made for joe');
    expect(await daemon.ok(['run', '--rm', 'stages:1', 'cat', '/app/sub/link'])).toBe('text');
    const labels = await daemon.ok(['inspect', '-f', '{{json .Config.Labels}}', 'stages:1']);
    expect(JSON.parse(labels)).toEqual({ kind: 'test', a: 'b' });
    const history = await daemon.ok(['history', '--no-trunc', '--format', '{{.CreatedBy}}', 'stages:1']);
    expect(history.split('\n').slice(0, 4)).toEqual([
      'CMD ["cat" "/app/out"]',
      'COPY sub /app/sub/ # buildkit',
      'COPY /src/out /app/ # buildkit',
      'LABEL kind=test',
    ]);
  }, 60_000);

  test('the cache looks at content, not at times, and survives the daemon', async () => {
    const folder = contextOf({ Dockerfile: 'FROM busybox\nCOPY f /f\nRUN cat /f > /g\n', f: 'one' });
    const id = await daemon.ok(['build', '-q', folder], CLASSIC);
    utimesSync(join(folder, 'f'), 1, 1);
    await daemon.restart();
    const again = await build(folder);
    expect(again.stdout.match(/ ---> Using cache\n/g)?.length).toBe(2);
    expect(again.stdout).toContain(`Successfully built ${id.slice(7, 19)}\n`);
    writeFileSync(join(folder, 'f'), 'two');
    const changed = await build(folder, '-t', 'changed');
    expect(changed.stdout).not.toContain('Using cache');
    expect(await daemon.ok(['run', '--rm', 'changed', 'cat', '/g'])).toBe('two');
    expect((await build(folder, '--no-cache')).stdout).not.toContain('Using cache');
  }, 60_000);

  test('a target builds only what it needs', async () => {
    const folder = contextOf({ Dockerfile: 'FROM busybox AS one\nRUN true\nFROM not-here AS two\nRUN false\n' });
    const { exitCode, stdout } = await build(folder, '--target', 'one');
    expect([exitCode, stdout.includes('Step 1/2 : ')]).toEqual([0, true]);
  }, 60_000);

  test('owners, modes, heredocs, archives and FROM scratch', async () => {
    const folder = contextOf({ Dockerfile: MIXED, f: 'text' });
    expect(Bun.spawnSync(['tar', '-C', folder, '-cf', join(folder, 't.tar'), 'f']).exitCode).toBe(0);
    const { exitCode, stdout, stderr } = await build(folder, '-t', 'mixed');
    expect([exitCode, stderr, stdout]).toEqual([
      0,
      expect.any(String),
      expect.stringContaining('1234:77 600\n$PATH\n/w/deep\n'),
    ]);
    const archive = join(daemon.root, 'mixed.tar');
    await daemon.ok(['export', '-o', archive, await daemon.ok(['create', 'mixed'])]);
    await daemon.ok(['rm', await daemon.ok(['ps', '-aq'])]);
    const names = Bun.spawnSync(['tar', '-tf', archive]).stdout.toString().split('\n');
    for (const name of ['made/t.tar', 'un/f']) expect(names).toContain(name);
  }, 60_000);

  test('a file that .dockerignore takes out is not there', async () => {
    const files = {
      Dockerfile: 'FROM busybox\nCOPY . /c\nRUN ls -A /c\n',
      '.dockerignore': '*\n!kept\n',
      kept: '',
      gone: '',
    };
    const { stdout } = await build(contextOf(files));
    expect(stdout).toMatch(/Running in \w+\nkept\n ---> Removed/);
  }, 60_000);

  test('a failing command ends with its code and leaves no container', async () => {
    const { exitCode, stderr } = await build(contextOf({ Dockerfile: 'FROM busybox\nRUN exit 7\n' }));
    expect(exitCode).toBe(7);
    expect(stderr).toContain("The command '/bin/sh -c exit 7' returned a non-zero code: 7");
    expect(await daemon.ok(['ps', '-aq'])).toBe('');
  }, 60_000);

  test('what is wrong or not supported is said in words', async () => {
    const cases: readonly (readonly [string, string])[] = [
      ['FRM busybox\n', 'dockerfile parse error on line 1: unknown instruction: FRM (did you mean FROM?)'],
      [
        'FROM busybox\nCOPY nope /x\n',
        'file not found in build context or excluded by .dockerignore: stat nope: file does not exist',
      ],
      ['FROM busybox\nRUN --network=host true\n', 'granting entitlement network.host is not allowed'],
      ['FROM busybox\nRUN --security=insecure true\n', 'granting entitlement security.insecure is not allowed'],
      ['FROM busybox\nRUN --mount=type=secret,id=s,required true\n', 'secret s: not found'],
      ['FROM busybox\nADD http://127.0.0.1:1/x /x\n', 'failed to load http://127.0.0.1:1/x'],
      ['FROM busybox AS a\nCOPY --from=a x y\n', 'circular dependency detected on stage: a'],
    ];
    for (const [dockerfile, text] of cases) expect(await failing(dockerfile)).toContain(text);
  }, 60_000);

  test('nothing of a build is left when the daemon died in the middle of it', async () => {
    const folder = contextOf({ Dockerfile: 'FROM busybox\nRUN sleep 1000\n' });
    const before = await daemon.ok(['images', '-aq', '--no-trunc']);
    const cut = build(folder);
    while (!(await daemon.ok(['ps', '--format', '{{.Command}}', '--no-trunc'])).includes('sleep 1000'))
      await Bun.sleep(50);
    await daemon.kill9();
    expect((await cut).exitCode).not.toBe(0);
    await daemon.restart();
    expect(await daemon.ok(['ps', '-aq'])).toBe('');
    expect(await daemon.ok(['images', '-aq', '--no-trunc'])).toBe(before);
  }, 60_000);

  test('a client that leaves ends the running step', async () => {
    const folder = contextOf({ Dockerfile: 'FROM busybox\nRUN sleep 1000\n' });
    const client = new AbortController();
    const body = Bun.spawnSync(['tar', '-C', folder, '-cf', '-', '.']).stdout;
    const { signal } = client;
    const answer = await fetch('http://localhost/v1.51/build', { method: 'POST', body, unix: daemon.socket, signal });
    const reader = answer.body?.getReader();
    let told = '';
    while (reader && !told.includes('Running in')) told += new TextDecoder().decode((await reader.read()).value);
    client.abort();
    const deadline = Date.now() + 30_000;
    while ((await daemon.ok(['ps', '-aq'])) !== '' && Date.now() < deadline) await Bun.sleep(50);
    expect(await daemon.ok(['ps', '-aq'])).toBe('');
  }, 60_000);
});
