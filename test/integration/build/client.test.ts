/** `docker build` of our client against a daemon of ours: what it shows, what it sends, what it keeps to itself, and how both give up. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import {
  createSessionConnection,
  type SessionConnection,
  type Wire,
} from '../../../src/api/build-session/connection.ts';
import { createFrameDecoder, encodeFrame, HEAD_BYTES } from '../../../src/api/build-session/frame.ts';
import { SESSION_PROTOCOL } from '../../../src/api/build-session/messages.ts';
import { startDaemon, type TestDaemon } from '../../helpers/daemon.ts';

const OURS = resolve(import.meta.dirname, '../../../bin/docker');
let daemon: TestDaemon;
let folders = 0;

beforeAll(async () => {
  daemon = await startDaemon();
}, 120_000);
afterAll(async () => await daemon.stop(), 120_000);

function contextOf(files: Readonly<Record<string, string>>): string {
  const folder = join(daemon.root, `client-${++folders}`);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

interface Ran {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

interface Options {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: Uint8Array | string;
}

function start(folder: string, flags: readonly string[], { env = {}, stdin }: Options = {}) {
  return Bun.spawn([OURS, 'build', ...flags], {
    cwd: folder,
    env: { ...process.env, DOCKER_HOST: daemon.host, DOCKER_CONFIG: join(daemon.root, 'config'), ...env },
    stdin: stdin === undefined ? 'ignore' : new Blob([stdin]),
    stdout: 'pipe',
    stderr: 'pipe',
  });
}

async function build(folder: string, flags: readonly string[], options: Options = {}): Promise<Ran> {
  const child = start(folder, flags, options);
  const [out, err, status] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { status, out, err };
}

/** Without times, ids and digests, which differ. */
function steady(text: string): string {
  return text
    .replace(/sha256:[0-9a-f]{64}/g, 'sha256:<digest>')
    .replace(/^(#\d+) (?!0B)\d+\.\d+ /gm, '$1 <time> ')
    .replace(/(DONE) \d+\.\d+s/g, '$1 <time>')
    .replace(/^\d+\.\d+ /gm, '<time> ');
}

const until = async (what: () => boolean): Promise<void> => {
  while (!what()) await Bun.sleep(20);
};

describe('progress', () => {
  test('plain is BuildKit’s text, on standard error', async () => {
    const folder = contextOf({
      Dockerfile: 'FROM busybox AS one\nCOPY a /\nRUN cat a\n',
      a: 'hello\n',
      unused: 'x'.repeat(1000),
    });
    const { status, out, err } = await build(folder, ['-t', 'plain:1', '.']);
    expect([status, out]).toEqual([0, '']);
    expect(steady(err)).toBe(`#0 building with "default" instance using docker driver

#1 [internal] load build definition from Dockerfile
#1 transferring dockerfile: 39B done
#1 DONE <time>

#2 [internal] load .dockerignore
#2 transferring context: 0B done
#2 DONE <time>

#3 [internal] load metadata for docker.io/library/busybox:latest
#3 DONE <time>

#4 [internal] load build context
#4 transferring context: 6B done
#4 DONE <time>

#5 [one 1/3] FROM docker.io/library/busybox:latest@sha256:<digest>
#5 DONE <time>

#6 [one 2/3] COPY a /
#6 DONE <time>

#7 [one 3/3] RUN cat a
#7 <time> hello
#7 DONE <time>

#8 exporting to image
#8 writing image sha256:<digest> done
#8 naming to docker.io/library/plain:1 done
#8 DONE <time>

`);
    const again = await build(folder, ['.'], { env: { BUILDKIT_PROGRESS: 'plain' } });
    expect(again.err.match(/^#\d+ CACHED$/gm)).toHaveLength(2);
    expect(again.err).toContain('#4 transferring context: 0B done');
  }, 60_000);

  test('a failing step shows the end of its log and its place, with status 1', async () => {
    const folder = contextOf({ Dockerfile: 'FROM busybox\nRUN echo before; \\\n  exit 7\nRUN true\n' });
    const { status, err } = await build(folder, ['.']);
    expect(status).toBe(1);
    expect(steady(err.slice(err.indexOf('------\n')))).toBe(`------
 > [2/3] RUN echo before;   exit 7:
<time> before
------
Dockerfile:2
--------------------
   1 |     FROM busybox
   2 | >>> RUN echo before; \\
   3 | >>>   exit 7
   4 |     RUN true
--------------------
ERROR: failed to solve: process "/bin/sh -c echo before;   exit 7" did not complete successfully: exit code: 7
`);
    const parse = await build(contextOf({ Dockerfile: 'FROM busybox\nRUNN x\n' }), ['.']);
    expect(parse.err).toContain('   2 | >>> RUNN x\n');
    expect(parse.err).toEndWith(
      'ERROR: failed to solve: dockerfile parse error on line 2: unknown instruction: RUNN (did you mean RUN?)\n',
    );
    const missing = await build(contextOf({ Dockerfile: 'FROM busybox\nCOPY nothing /\n' }), ['.']);
    expect(missing.err).toContain('   2 | >>> COPY nothing /\n');
    const base = '127.0.0.1:1/no/registry:here';
    const unreachable = await build(contextOf({ Dockerfile: `FROM ${base}\n` }), ['.']);
    expect(unreachable.err).toContain(`   1 | >>> FROM ${base}\n`);
    expect(unreachable.err.match(/load metadata for (.*)\n#3 ERROR: /)?.[1]).toBe(base);
  }, 60_000);

  test('quiet prints the id alone, rawjson objects alone, and files get id and metadata', async () => {
    const folder = contextOf({ Dockerfile: 'FROM busybox\nRUN echo quiet\n' });
    const [iid, metadata] = [join(folder, 'iid'), join(folder, 'meta.json')];
    const quiet = await build(folder, ['-q', '--iidfile', iid, '--metadata-file', metadata, '.']);
    expect(quiet).toEqual({ status: 0, out: expect.stringMatching(/^sha256:[0-9a-f]{64}\n$/), err: '' });
    expect(readFileSync(iid, 'utf8')).toBe(quiet.out.trim());
    expect(typeof JSON.parse(readFileSync(metadata, 'utf8'))).toBe('object');
    const raw = await build(folder, ['--progress', 'rawjson', '.']);
    const objects = raw.err
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, readonly { name?: string }[]>);
    const names = new Set(objects.flatMap(({ vertexes = [] }) => vertexes.map(({ name }) => name)));
    expect(names).toContain('[2/2] RUN echo quiet');
    for (const flags of [['--progress=fancy'], ['-q', '--progress=plain'], ['--progress=tty']])
      expect((await build(folder, [...flags, '.'])).status).toBe(1);
  }, 60_000);

  test('--explain says what has changed since which build', async () => {
    const folder = contextOf({ Dockerfile: 'FROM busybox AS explained\nCOPY f /\nRUN true\n', f: '1' });
    await build(folder, ['-t', 'why:1', '.']);
    writeFileSync(join(folder, 'f'), '2');
    const { err } = await build(folder, ['--explain', '.']);
    expect(err).toMatch(
      /Not in the cache:\n \[explained 2\/3\] COPY f \/\n {3}file f: f644 1 \S+ -> f644 1 \S+ \(compared with the build of why:1 at /,
    );
    expect((await build(folder, ['--explain', '-q', '.'])).err).toBe('Every step was in the cache.\n');
    const filtered = await build(folder, ['--explain', '--no-cache-filter', 'explained', '.']);
    expect(filtered.err).toContain('it was asked not to be taken from the cache');
  }, 60_000);
});

describe('contexts', () => {
  const sentBytes = (err: string): string => /transferring context: (\S+) done\n#3 DONE/.exec(err)?.[1] ?? '';

  test('only files that are needed and have changed are sent, also by the next daemon', async () => {
    const files = Object.fromEntries(
      Array.from({ length: 300 }, (_, index) => [`d/${index}`, `content ${index % 10}`]),
    );
    const folder = contextOf({ ...files, Dockerfile: 'FROM scratch\nCOPY d /d/\n', other: 'x'.repeat(5000) });
    expect(sentBytes((await build(folder, ['.'])).err)).toBe('2.7kB');
    expect(sentBytes((await build(folder, ['--no-cache', '.'])).err)).toBe('0B');
    await daemon.restart();
    writeFileSync(join(folder, 'd/7'), 'changed 7');
    renameSync(join(folder, 'd/8'), join(folder, 'd/renamed'));
    rmSync(join(folder, 'd/9'));
    const out = join(folder, '../out-changed');
    expect(sentBytes((await build(folder, ['-t', 'changed', '.'])).err)).toBe('18B');
    const id = await daemon.ok(['create', 'changed', 'x']);
    await daemon.ok(['cp', `${id}:/d`, out]);
    const found = readdirSync(out);
    expect([found.length, found.includes('8'), found.includes('9')]).toEqual([299, false, false]);
    expect(['7', 'renamed', '10'].map((name) => readFileSync(join(out, name), 'utf8'))).toEqual([
      'changed 7',
      'content 8',
      'content 0',
    ]);
    await daemon.ok(['rm', id]);
  }, 120_000);

  test('a Dockerfile may lie elsewhere or come by standard input, with an ignore file of its own', async () => {
    const folder = contextOf({ keep: 'k', drop: 'd', '.dockerignore': 'keep\n', 'deep/file': 'f' });
    const elsewhere = contextOf({
      'Other.df': 'FROM busybox\nCOPY . /c\nRUN ls -A /c\n',
      'Other.df.dockerignore': 'drop\n.dockerignore\ndeep\n',
    });
    const outside = await build(folder, ['-f', join(elsewhere, 'Other.df'), '--no-cache', '.']);
    expect(outside.err).toMatch(/ keep\n#\d+ DONE/);
    expect(outside.err).not.toContain(' drop\n');
    const piped = await build(folder, ['-f', '-', '.'], { stdin: 'FROM busybox\nCOPY . /c\nRUN ls -A /c\n' });
    expect(piped.err).toContain(' drop\n');
    expect(piped.err).not.toContain(' keep\n');
    expect(await build(folder, ['-f', '-', '-'], { stdin: 'FROM busybox\n' })).toMatchObject({ status: 1 });
  }, 60_000);

  test('standard input is a Dockerfile or an archive, and a URL is fetched by the daemon', async () => {
    const alone = await build('/', ['-q', '-'], { stdin: 'FROM busybox\nRUN echo alone\n' });
    expect(alone).toEqual({ status: 0, out: expect.stringMatching(/^sha256:/), err: '' });
    const folder = contextOf({ 'sub/D': 'FROM busybox\nCOPY f /\nRUN cat f\n', f: 'in the archive\n' });
    const archive = Bun.spawnSync(['tar', '-C', folder, '-czf', '-', '.']).stdout;
    const packed = await build('/', ['-f', 'sub/D', '-'], { stdin: archive });
    expect([packed.status, packed.err]).toEqual([0, expect.stringContaining('in the archive\n')]);
    using server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response(archive.slice()) });
    const remote = await build('/', ['-f', 'sub/D', '--no-cache', `http://127.0.0.1:${server.port}/context.tar.gz`]);
    expect([remote.status, remote.err]).toEqual([0, expect.stringContaining('in the archive\n')]);
  }, 60_000);

  test('modes, links, hard links and times are those of the folder', async () => {
    const folder = contextOf({
      Dockerfile:
        'FROM busybox\nCOPY c /c\nRUN cd /c && stat -c "%n %a %h %Y" run one two sub && readlink link && cat one\n',
      'c/run': '#',
      'c/one': 'same\n',
      'c/sub/x': '',
    });
    Bun.spawnSync(
      [
        'sh',
        '-c',
        'chmod 750 run && ln one two && chmod 711 sub && ln -s nowhere link && touch -d @1000000000 run one sub',
      ],
      { cwd: join(folder, 'c') },
    );
    const { err } = await build(folder, ['.']);
    const lines = err.split('\n').flatMap((line) => /^#\d+ \d+\.\d+ (.+)$/.exec(line)?.[1] ?? []);
    expect(lines).toEqual([
      'run 750 1 1000000000',
      'one 644 2 1000000000',
      'two 644 2 1000000000',
      'sub 711 2 1000000000',
      'nowhere',
      'same',
    ]);
  }, 60_000);
});

describe('what the client is asked for', () => {
  test('secrets reach the step and nothing else: no log, no history, and files no file of the daemon', async () => {
    const secret = `s3cret-${crypto.randomUUID()}`;
    const place = mkdtempSync('/tmp/skiff-secret-');
    writeFileSync(join(place, 'token'), secret);
    const flags = ['--secret', `id=file,src=${place}/token`, '--secret', 'id=env,env=MY_TOKEN', '-t', 'secret:1', '.'];
    const run = async (dockerfile: string): Promise<void> => {
      const { status, err } = await build(contextOf({ Dockerfile: dockerfile }), flags, { env: { MY_TOKEN: secret } });
      expect([status, err]).toEqual([0, expect.stringContaining(`${secret.length} characters`)]);
      expect(err + daemon.log() + (await daemon.ok(['history', '--no-trunc', 'secret:1']))).not.toContain(secret);
    };
    await run(`FROM busybox
RUN --mount=type=secret,id=file --mount=type=secret,id=env,target=/e \\
  test "$(cat /e)" = "$(cat /run/secrets/file)" && echo "$(wc -c < /e) characters"
`);
    const found = Bun.spawnSync(['grep', '-rlF', secret, join(daemon.root, 'd'), join(daemon.root, 'e')]);
    expect(found.stdout.toString()).toBe('');
    await run('FROM busybox\nRUN --mount=type=secret,id=env,env=TOKEN echo "${#TOKEN} characters"\n');
    rmSync(place, { recursive: true });
  }, 60_000);

  test('a step reaches the client’s agent or the keys of files, to list and to sign and for nothing else', async () => {
    const place = mkdtempSync('/tmp/skiff-agent-');
    const key = join(place, 'key');
    const run = (argv: readonly string[], socket: string) => {
      const { exitCode, stdout } = Bun.spawnSync([...argv], { env: { ...process.env, SSH_AUTH_SOCK: socket } });
      return [exitCode, stdout.toString()] as const;
    };
    run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', 'mine', '-f', key], '');
    const agent = Bun.spawn(['ssh-agent', '-D', '-a', join(place, 's')], { stdout: 'ignore' });
    await until(() => run(['ssh-add', '-q', key], join(place, 's'))[0] === 0);
    const folder = contextOf({
      Dockerfile:
        'FROM busybox\nRUN --mount=type=ssh --mount=type=cache,target=/gate while ! rm /gate/go; do sleep 0.1; done\n',
    });
    const agents = join(daemon.root, 'e/agents');
    const gates = () => [
      ...new Bun.Glob('build/cache/*').scanSync({ cwd: join(daemon.root, 'd'), onlyFiles: false, absolute: true }),
    ];
    for (const [flag, comment] of [
      ['default', ' mine'],
      [`default=${key}`, ''],
    ] as const) {
      const child = start(folder, ['--no-cache', '--ssh', flag, '.'], { env: { SSH_AUTH_SOCK: join(place, 's') } });
      await until(() => readdirSync(agents).length > 0);
      const socket = join(agents, readdirSync(agents)[0] ?? '');
      const [, listed] = run(['ssh-add', '-L'], socket);
      expect(listed.trim()).toBe(`${readFileSync(`${key}.pub`, 'utf8').replace(' mine\n', '')}${comment}`);
      expect(run(['ssh-add', '-T', `${key}.pub`], socket)[0]).toBe(0);
      expect(run(['ssh-add', '-D'], socket)[0]).toBe(1);
      for (const gate of gates()) writeFileSync(join(gate, 'go'), '');
      expect(await child.exited).toBe(0);
    }
    expect(run(['ssh-add', '-L'], join(place, 's'))[1]).toContain('mine');
    agent.kill();
    await agent.exited;
    rmSync(place, { recursive: true });
    expect(
      (await build(folder, ['--no-cache', '--ssh', 'default', '.'], { env: { SSH_AUTH_SOCK: '' } })).err,
    ).toContain('make sure SSH_AUTH_SOCK is set');
  }, 60_000);

  test('privileges are given by name', async () => {
    const folder = contextOf({ Dockerfile: 'FROM busybox\nRUN --network=host true\n' });
    expect((await build(folder, ['.'])).err).toContain('granting entitlement network.host is not allowed');
    expect((await build(folder, ['--allow', 'network.host', '.'])).status).toBe(0);
    expect((await build(folder, ['--allow', 'everything', '.'])).err).toContain('unknown entitlement everything');
  }, 60_000);
});

describe('a build that is given up', () => {
  const RUNNING = 'FROM busybox\nRUN echo started; sleep 1000\n';
  const containers = async (): Promise<string> => await daemon.ok(['ps', '-aq']);

  test('by Ctrl-C ends on both sides, and the client says so', async () => {
    const child = start(contextOf({ Dockerfile: RUNNING }), ['--no-cache', '.']);
    let err = '';
    for await (const bytes of child.stderr) {
      err += Buffer.from(bytes).toString();
      if (err.endsWith(' started\n')) child.kill('SIGINT');
    }
    expect([await child.exited, err]).toEqual([130, expect.stringContaining('#6 CANCELED\n')]);
    expect(err).toEndWith('ERROR: failed to solve: Canceled: context canceled\n');
    expect(await containers()).toBe('');
  }, 60_000);

  test('a container of a step is the build’s: pruning leaves it', async () => {
    const step = await daemon.ok(['create', '--label', 'skiff.build.step=of another build', 'busybox']);
    const other = await daemon.ok(['create', 'busybox']);
    expect(await daemon.ok(['container', 'prune', '-f'])).toContain(other);
    expect(await daemon.ok(['ps', '-aq', '--no-trunc'])).toBe(step);
    await daemon.ok(['rm', step]);
  }, 60_000);

  test('by the death of the client leaves nothing', async () => {
    const child = start(contextOf({ Dockerfile: RUNNING }), ['--no-cache', '.']);
    let err = '';
    for await (const bytes of child.stderr) {
      err += Buffer.from(bytes).toString();
      if (/ started\n/.test(err)) child.kill('SIGKILL');
    }
    while ((await containers()) !== '') await Bun.sleep(50);
    await until(() => readdirSync(join(daemon.root, 'd/build')).join() === 'cache');
  }, 60_000);

  test('by the death of the daemon fails, and the client does not hang', async () => {
    const child = start(contextOf({ Dockerfile: RUNNING }), ['--no-cache', '.']);
    let err = '';
    for await (const bytes of child.stderr) {
      err += Buffer.from(bytes).toString();
      if (/ started\n/.test(err) && daemon.pid > 0) await daemon.kill9();
    }
    expect([await child.exited, err]).toEqual([
      1,
      expect.stringContaining('the daemon has closed the connection of the build'),
    ]);
    await daemon.restart();
    expect(await containers()).toBe('');
  }, 60_000);
});

describe('the wire', () => {
  async function upgrade(): Promise<Wire & { readonly head: string }> {
    const socket = connect(daemon.socket);
    socket.write(
      `POST /v1.51/build?version=${SESSION_PROTOCOL} HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: ${SESSION_PROTOCOL}\r\nContent-Length: 0\r\n\r\n`,
    );
    const chunks = (socket as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
    socket.on('error', () => undefined);
    let text = Buffer.alloc(0);
    while (!text.includes('\r\n\r\n')) text = Buffer.concat([text, (await chunks.next()).value as Buffer]);
    let rest: Buffer | undefined = text.subarray(text.indexOf('\r\n\r\n') + 4);
    return {
      head: text.toString().split('\r\n\r\n')[0] ?? '',
      write: async (bytes) => void socket.write(bytes),
      async read() {
        if (rest?.length) {
          const bytes = rest;
          rest = undefined;
          return bytes;
        }
        try {
          const { done, value } = await chunks.next();
          return done ? undefined : value;
        } catch {
          return undefined;
        }
      },
      shutdown: () => void socket.end(),
      close: () => void socket.destroy(),
    };
  }

  /** A client that answers what the daemon asks for as a test wants it. */
  function session(
    wire: Wire,
    answers: Readonly<Record<string, string>>,
  ): { readonly connection: SessionConnection; readonly end: Promise<Record<string, unknown>> } {
    const end = Promise.withResolvers<Record<string, unknown>>();
    const connection = createSessionConnection(wire, {
      onMessage: (message) => {
        if (message['kind'] !== 'told') end.resolve(message);
      },
      onOpen: (purpose, channel) => {
        const text = answers[String(purpose['kind'])];
        if (text !== undefined)
          void channel.write(Buffer.from(text)).then(
            async () => await channel.end(),
            () => undefined,
          );
      },
    });
    void connection.ended.then(() => end.resolve({ kind: 'closed' }));
    return { connection, end: end.promise };
  }

  const ASK = { kind: 'build', source: { kind: 'files', key: 'k', text: 'FROM scratch\nCOPY a /\n' } };
  const LIST = '["a","f",420,3,1,"s"]\n';

  test('is upgraded to by its name only, and the classic builder is what it was', async () => {
    const { head } = await upgrade().then((wire) => (wire.close(), wire));
    expect(head).toStartWith('HTTP/1.1 101 ');
    expect(head).toContain(`Upgrade: ${SESSION_PROTOCOL}`);
    const plain = await fetch(`http://d/v1.51/build?version=${SESSION_PROTOCOL}`, {
      method: 'POST',
      unix: daemon.socket,
    });
    expect([plain.status, await plain.text()]).toEqual([400, expect.stringContaining('for connections that upgrade')]);
    const folder = contextOf({ Dockerfile: 'FROM busybox\nRUN echo classic\n' });
    const classic = await build(folder, ['.'], { env: { DOCKER_BUILDKIT: '0' } });
    expect([classic.status, classic.out]).toEqual([0, expect.stringContaining('Successfully built ')]);
  }, 60_000);

  test('huge, unknown and unasked frames close it, and the daemon goes on', async () => {
    const head = (type: number, channel: number, length: number): Buffer => {
      const bytes = Buffer.alloc(HEAD_BYTES);
      bytes.writeUInt8(type, 0);
      bytes.writeUInt32BE(channel, 1);
      bytes.writeUInt32BE(length, 5);
      return bytes;
    };
    const frames = [
      head(1, 0, 0xffffffff),
      head(9, 0, 1),
      head(2, 5, 0),
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
      encodeFrame({ type: 'message', channel: 0, payload: Buffer.from('{"kind":"else"}') }),
      encodeFrame({ type: 'message', channel: 0, payload: Buffer.from('[]') }),
    ];
    for (const frame of frames) {
      const wire = await upgrade();
      await wire.write(frame);
      let bytes = await wire.read();
      while (bytes !== undefined) bytes = await wire.read();
      wire.close();
    }
    expect((await daemon.docker(['version'])).exitCode).toBe(0);
  }, 60_000);

  test('lists that lead elsewhere, repeat themselves or are no lists are refused', async () => {
    const lists = [
      '["../a","f",420,3,1,"s"]\n',
      '["/a","f",420,3,1,"s"]\n',
      '["d/a","f",420,3,1,"s"]\n',
      `${LIST}${LIST}`,
      '["l","l",511,0,1,"/etc"]\n["l/a","f",420,3,1,"s"]\n',
      '["a","h",420,3,1,"b"]\n',
      '["a","c",420,3,1,""]\n',
      '["a","f",65535,3,1,""]\n',
      '["a","f",420,-1,1,""]\n',
      '{}\n',
      '["a"',
      `["${'x'.repeat(70_000)}`,
    ];
    for (const list of lists) {
      const { connection, end } = session(await upgrade(), { list });
      await connection.send(ASK);
      expect(await end).toMatchObject({ kind: 'failed', error: 'invalid_parameter' });
      await connection.close();
    }
  }, 60_000);

  test('requests with fields of the wrong kind are refused by their names', async () => {
    const asks: readonly (readonly [object, string])[] = [
      [{ source: { kind: 'socket' } }, 'kind must be one of files, tar, remote'],
      [{ outputs: [{ kind: 'image', names: ['A B'], push: false }] }, 'invalid reference format'],
      [{ outputs: [{ kind: 'disk' }] }, 'kind must be one of image'],
      [{ platforms: 'linux' }, 'platforms must be a list'],
      [{ buildArgs: { a: 1 } }, 'a must be a text'],
      [{ limits: { memory: ['much'] } }, 'memory must be a number'],
      [{ entitlements: ['root'] }, 'unknown entitlement root'],
    ];
    for (const [more, problem] of asks) {
      const { connection, end } = session(await upgrade(), { list: LIST, files: '' });
      await connection.send({ ...ASK, ...more });
      expect(await end).toMatchObject({ kind: 'failed', message: expect.stringContaining(problem) });
      await connection.close();
    }
  }, 60_000);

  test('a file that is cut off, and a client that leaves in the middle of one, leave nothing behind', async () => {
    const cut = session(await upgrade(), { list: LIST, files: '\0\0\0\u0003ab' });
    await cut.connection.send(ASK);
    expect(await cut.end).toMatchObject({ kind: 'failed', message: expect.stringContaining('cut off') });
    await cut.connection.close();
    const left = session(await upgrade(), { list: LIST });
    await left.connection.send(ASK);
    await left.connection.close();
    await until(() => readdirSync(join(daemon.root, 'd/build')).join() === 'cache');
    const whole = session(await upgrade(), { list: LIST, files: '\0\0\0\u0003abc\0\0\0\0' });
    await whole.connection.send(ASK);
    expect(await whole.end).toMatchObject({ kind: 'built', imageId: expect.stringMatching(/^sha256:/) });
    await whole.connection.close();
  }, 60_000);

  test('a client that does not read gets its output cut, and the step ends all the same', async () => {
    const socket = connect(daemon.socket);
    socket.on('error', () => undefined);
    socket.write(
      `POST /v1.51/build?version=${SESSION_PROTOCOL} HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: ${SESSION_PROTOCOL}\r\nContent-Length: 0\r\n\r\n`,
    );
    const text =
      'FROM busybox\nRUN yes 0123456789abcdef | head -c 60000000\nRUN --mount=type=cache,target=/c echo x > /c/done\n';
    const outputs = [{ kind: 'image', names: ['unread:1'], push: false }];
    const ask = { kind: 'build', source: { kind: 'tar' }, outputs };
    const archive = ((): Buffer => {
      const folder = contextOf({ Dockerfile: text });
      return Bun.spawnSync(['tar', '-C', folder, '-cf', '-', '.']).stdout;
    })();
    const message = encodeFrame({ type: 'message', channel: 0, payload: Buffer.from(JSON.stringify(ask)) });
    const data = encodeFrame({ type: 'data', channel: 1, payload: archive });
    socket.write(message);
    const decoder = createFrameDecoder();
    let [head, opened] = ['', false];
    while (!opened) {
      await new Promise<void>((done) => void socket.once('readable', done));
      const bytes = (socket.read() as Buffer | null) ?? Buffer.alloc(0);
      const before = head.length;
      if (!head.includes('\r\n\r\n')) head += bytes.toString('latin1');
      const from = Math.max(0, head.indexOf('\r\n\r\n') + 4 - before);
      if (head.includes('\r\n\r\n')) opened = decoder.push(bytes.subarray(from)).some(({ type }) => type === 'open');
    }
    socket.write(Buffer.concat([data, encodeFrame({ type: 'end', channel: 1, payload: Buffer.alloc(0) })]));
    while ((await daemon.docker(['image', 'inspect', 'unread:1'])).exitCode !== 0) await Bun.sleep(100);
    const status = readFileSync(`/proc/${daemon.pid}/status`, 'utf8');
    expect(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1])).toBeLessThan(700_000);
    socket.destroy();
  }, 120_000);
});

test('another engine, which knows no such upgrade, gets the classic request; what it cannot do is refused by name', async () => {
  const asked: string[] = [];
  const folder = contextOf({ Dockerfile: 'FROM x\n' });
  const socket = join(folder, 's');
  using server = Bun.serve({
    unix: socket,
    async fetch(request) {
      const url = new URL(request.url);
      if (!url.pathname.endsWith('/build')) return new Response('OK', { headers: { 'Api-Version': '1.41' } });
      const version = url.searchParams.get('version') ?? '';
      asked.push(version);
      // as moby answers (api/server/router/build)
      if (version !== '') return Response.json({ message: `invalid version ${version}` }, { status: 400 });
      await request.arrayBuffer();
      return new Response('{"stream":"Successfully built 123\\n"}\n{"aux":{"ID":"sha256:123"}}\n');
    },
  });
  const env = { DOCKER_HOST: `unix://${socket}` };
  const classic = await build(folder, ['.'], { env });
  expect([classic.status, asked, classic.out]).toEqual([
    0,
    [SESSION_PROTOCOL, ''],
    expect.stringContaining('Successfully built 123\n'),
  ]);
  const refused = await build(folder, ['--secret', 'id=a,env=HOME', '.'], { env });
  expect([refused.status, refused.err]).toEqual([1, '--secret is not supported by the builder of this daemon\n']);
  expect(server.pendingRequests).toBe(0);
}, 60_000);
