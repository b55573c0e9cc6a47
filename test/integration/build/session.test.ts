/** What only a build with a client to ask can do: secrets, agents, entitlements, reasons for steps that were not cached. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { basename, join } from 'node:path';
import { assemble, type Engine } from '../../../src/daemon/assemble.ts';
import { resolveConfig } from '../../../src/daemon/config/daemon-config.ts';
import { parseCommandLine } from '../../../src/daemon/config/settings.ts';
import { createLog } from '../../../src/daemon/log.ts';
import type { MissReason, ProgressEvent } from '../../../src/engine/build/progress.ts';
import type { BuildRequest } from '../../../src/engine/build/service.ts';
import { packTree } from '../../../src/lib/tar/pack.ts';
import { freeSubnet, imageArchive } from '../../helpers/daemon.ts';
import { leftovers, removeCgroupParent } from '../../helpers/leftovers.ts';

const root = mkdtempSync('/tmp/sks-');
const bridge = basename(root).replace('sks-', 'sks');
const cgroupParent = `/${basename(root)}`;
let engine: Engine;
let agent: Server;
let folders = 0;

beforeAll(async () => {
  const flags = [
    '--data-root',
    join(root, 'd'),
    '--exec-root',
    join(root, 'e'),
    '--bridge',
    bridge,
    '--bip',
    freeSubnet(),
  ];
  engine = await assemble(
    resolveConfig(parseCommandLine([...flags, '--cgroup-parent', cgroupParent]).settings),
    createLog('info'),
  );
  await new Promise<void>((resolve) => engine.server.listen(join(root, 's'), resolve));
  const body = Bun.file(imageArchive('busybox'));
  const loaded = await fetch('http://localhost/v1.51/images/load', { method: 'POST', body, unix: join(root, 's') });
  await loaded.text();
  agent = createServer({ allowHalfOpen: true }, (socket) =>
    socket.on('data', (asked) => socket.end(`agent: ${asked.toString()}`)),
  );
  await new Promise<void>((resolve) => agent.listen(join(root, 'agent'), resolve));
}, 120_000);

afterAll(async () => {
  agent.close();
  engine.server.close();
  engine.server.closeAllConnections();
  await engine.shutdown();
  removeCgroupParent(cgroupParent);
  const left = leftovers({ root, bridge, links: [], cgroupParent }).filter(
    (line) => !line.startsWith(`process ${process.pid}`),
  );
  rmSync(root, { recursive: true, force: true });
  expect(left).toEqual([]);
}, 120_000);

interface Built {
  readonly error: string | undefined;
  readonly text: string;
  readonly misses: readonly MissReason[];
  readonly cached: number;
}

async function build(files: Readonly<Record<string, string>>, more: Partial<BuildRequest> = {}): Promise<Built> {
  const folder = join(root, `c${++folders}`);
  mkdirSync(folder);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const events: ProgressEvent[] = [];
  const request: BuildRequest = {
    source: { kind: 'tar', archive: archiveOf(folder) },
    dockerfile: 'Dockerfile',
    id: '',
    outputs: [],
    annotations: [],
    attestations: { provenance: undefined, sbom: undefined },
    cacheFrom: [],
    cacheTo: [],
    contexts: [],
    target: '',
    buildArgs: {},
    labels: {},
    platforms: [],
    noCache: [],
    pull: false,
    session: {
      secret: async (id) => (id === 'token' ? Buffer.from('s3cret') : undefined),
      sshAgent: async (id) =>
        id === 'default' ? () => connect({ path: join(root, 'agent'), allowHalfOpen: true }) : undefined,
      authFor: async () => undefined,
      receive: async () => undefined,
      receiveCache: async () => undefined,
    },
    hostConfig: {},
    entitlements: new Set(),
    ...more,
  };
  let error: string | undefined;
  try {
    await engine.builds.build(
      request,
      { tell: (event) => void events.push(event), wantsReasons: true },
      new AbortController().signal,
    );
  } catch (thrown) {
    error = String(thrown);
  }
  return {
    error,
    text: events.map((event) => (event.kind === 'log' ? event.text : '')).join(''),
    misses: events.flatMap((event) => (event.kind === 'explained' ? [event.miss] : [])),
    cached: events.filter(({ kind }) => kind === 'cached').length,
  };
}

async function* archiveOf(folder: string): AsyncGenerator<Uint8Array> {
  for (const piece of packTree({ path: folder, name: '' })) yield piece;
}

describe('a client’s secrets and agents', () => {
  test('are there while the step runs, with their modes and owners, and in no layer', async () => {
    const { error, text } = await build({
      Dockerfile: `FROM busybox AS one
RUN --mount=type=secret,id=token cat /run/secrets/token && stat -c ' %a %u' /run/secrets/token
RUN --mount=type=secret,id=token,target=/x/y,mode=0444,uid=7,gid=8 stat -c '%a %u:%g' /x/y
RUN --mount=type=secret,id=token,env=TOKEN echo "env $TOKEN"; ! test -s /run/secrets/token
RUN --mount=type=secret,id=missing test ! -e /run/secrets/missing
RUN --mount=type=ssh,mode=0666 test -S $SSH_AUTH_SOCK && echo "socket $(stat -c %a $SSH_AUTH_SOCK)"
FROM busybox
COPY --from=one / /all/
RUN test ! -e /all/run/secrets && test ! -e /all/x && ! grep -r s3cret /all/etc /all/root && echo nothing
`,
    });
    expect([error, text]).toEqual([undefined, 's3cret 400 0\n444 7:8\nenv s3cret\nsocket 666\nnothing\n']);
  }, 60_000);

  test('an agent’s socket leads to the client’s agent, as long as the step runs', async () => {
    const run = build({ Dockerfile: 'FROM busybox\nRUN --mount=type=ssh sleep 1\n' });
    const sockets = join(root, 'e/agents');
    while (readdirSync(sockets).length === 0) await Bun.sleep(20);
    const socket = connect({ path: join(sockets, readdirSync(sockets)[0] ?? ''), allowHalfOpen: true });
    socket.end('hello');
    let answer = '';
    for await (const piece of socket) answer += String(piece);
    expect([answer, (await run).error, readdirSync(sockets)]).toEqual(['agent: hello', undefined, []]);
  }, 60_000);

  test('a secret is written to no disk', async () => {
    const found: string[] = [];
    const run = build({
      Dockerfile: 'FROM busybox\nRUN --mount=type=secret,id=token sleep 1; cat /run/secrets/token\n',
    });
    while (found.length === 0) {
      found.push(
        ...readFileSync('/proc/self/mountinfo', 'utf8')
          .split('\n')
          .filter((line) => line.includes(`${root}/d/build/`)),
      );
      await Bun.sleep(20);
    }
    expect(found.every((line) => line.includes(' - tmpfs '))).toBe(true);
    expect((await run).text).toBe('s3cret');
  }, 60_000);

  test('a secret in the environment is in the process alone: in no file, record, inspect or event, during the step and after', async () => {
    const word = `word-${crypto.randomUUID()}`;
    const session = {
      secret: async (id: string) => (id === 'empty' ? Buffer.alloc(0) : Buffer.from(id === 'nul' ? 'a\0b' : word)),
      sshAgent: async () => undefined,
      authFor: async () => undefined,
      receive: async () => undefined,
      receiveCache: async () => undefined,
    };
    const wait = '{ while ! test -e /gate/go; do sleep 0.1; done; }';
    const run = build(
      {
        Dockerfile: `FROM busybox
USER 7
RUN --mount=type=cache,target=/gate,mode=0777 --mount=type=secret,id=a,env=TOKEN --mount=type=secret,id=empty,env=NONE \\
  touch /gate/ready && ${wait} && echo "\${#TOKEN} \${#NONE} \${NONE-unset} $(id -u) $(tr '\\0' ' ' < /proc/1/cmdline | cut -c 1-10) $(readlink /proc/1/fd/0)"
`,
      },
      {
        session,
        attestations: {
          provenance: { mode: 'max', version: 'v1', builderId: '', reproducible: false },
          sbom: undefined,
        },
        outputs: [{ kind: 'image', names: ['env:1'], push: false }],
      },
    );
    const places = ['d', 'e'].map((name) => join(root, name));
    const grep = (): string => Bun.spawnSync(['grep', '-rlaF', word, ...places]).stdout.toString();
    const gates = () => [...new Bun.Glob('build/cache/*/ready').scanSync({ cwd: join(root, 'd'), absolute: true })];
    while (gates().length === 0) await Bun.sleep(20);
    const ask = async (path: string): Promise<string> =>
      await (await fetch(`http://localhost/v1.51${path}`, { unix: join(root, 's') })).text();
    const [step] = JSON.parse(await ask('/containers/json?filters={"label":["skiff.build.step"]}')) as { Id: string }[];
    const inspected = await ask(`/containers/${step?.Id}/json`);
    const events = await ask(`/events?since=1&until=${Math.floor(Date.now() / 1000) + 1}`);
    const during = grep();
    for (const gate of gates()) writeFileSync(join(gate, '../go'), '');
    expect((await run).error).toBeUndefined();
    expect((await run).text).toBe(`${word.length} 0  7 /bin/sh -c /dev/null\n`);
    expect([inspected.includes(step?.Id ?? '?'), inspected.includes(word), events.includes(word)]).toEqual([
      true,
      false,
      false,
    ]);
    expect([during, grep()]).toEqual(['', '']);
    const missing = await build(
      { Dockerfile: 'FROM busybox\nRUN --mount=type=secret,id=a,env=T ["nothing-there"]\n' },
      { session },
    );
    expect(missing.error).toContain('non-zero code: 127');
    const nul = await build({ Dockerfile: 'FROM busybox\nRUN --mount=type=secret,id=nul,env=T true\n' }, { session });
    expect(nul.error).toContain('secret nul: a NUL byte cannot be in the environment variable T');
  }, 60_000);

  test('what is required and missing fails the step', async () => {
    const secret = await build({ Dockerfile: 'FROM busybox\nRUN --mount=type=secret,id=no,required true\n' });
    const ssh = await build({ Dockerfile: 'FROM busybox\nRUN --mount=type=ssh,id=no,required true\n' });
    expect([secret.error, ssh.error]).toEqual([
      expect.stringContaining('secret no: not found'),
      expect.stringContaining('ssh agent no: not found'),
    ]);
  }, 60_000);
});

test('what the client allows beyond the sandbox is done', async () => {
  const dockerfile =
    'FROM busybox\nRUN --network=host ip -o link | grep -c .\nRUN --security=insecure mkdir /mm && mount -t tmpfs none /mm && echo mounted\n';
  const entitlements = new Set(['network.host', 'security.insecure'] as const);
  const { error, text } = await build({ Dockerfile: dockerfile }, { entitlements });
  expect([error, text.endsWith('mounted\n')]).toEqual([undefined, true]);
  expect((await build({ Dockerfile: dockerfile })).error).toContain('entitlement network.host is not allowed');
}, 60_000);

test('every step that was not cached says the first input that has changed, and since which build', async () => {
  const dockerfile = (version: string): string =>
    `FROM busybox AS explained\nARG VERSION=${version}\nCOPY . /c/\nRUN echo $VERSION\n`;
  const outputs = [{ kind: 'image', names: ['explained:1'], push: false } as const];
  const first = await build({ Dockerfile: dockerfile('1'), a: 'same', b: 'old' }, { outputs });
  expect(first.misses.map(({ kind }) => kind)).toEqual(['never', 'never']);
  const file = await build({ Dockerfile: dockerfile('1'), a: 'same', b: 'new' });
  expect(file.misses.map(({ kind, input, build: of }) => [kind, input, of?.name])).toEqual([
    ['changed', 'file b', 'explained:1'],
    ['changed', 'the step before', 'explained:1'],
  ]);
  const files = { a: 'same', b: 'new', '.dockerignore': 'Dockerfile\n.dockerignore\n' };
  await build({ Dockerfile: dockerfile('1'), ...files });
  const argument = await build({ Dockerfile: dockerfile('2'), ...files });
  expect(argument.misses).toMatchObject([{ kind: 'changed', input: 'env VERSION', before: '1', now: '2' }]);
  expect(argument.cached).toBe(1);
  const asked = await build({ Dockerfile: dockerfile('2'), ...files }, { noCache: ['explained'] });
  expect(asked.misses.map(({ kind }) => kind)).toEqual(['asked', 'asked']);
  const on = (base: string): string => `FROM ${base}\nRUN echo on some base\nRUN echo more\n`;
  await build({ Dockerfile: on('busybox') });
  await build(
    { Dockerfile: 'FROM busybox\nLABEL another=base\n' },
    { outputs: [{ kind: 'image', names: ['another'], push: false }] },
  );
  const base = await build({ Dockerfile: on('another') });
  const digest = expect.stringMatching(/^sha256:/);
  expect(base.misses).toMatchObject([
    { kind: 'changed', input: 'base image', before: digest, now: digest },
    { kind: 'changed', input: 'the step before' },
  ]);
}, 60_000);
