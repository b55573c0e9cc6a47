/** `docker build --check`, `--call` and `--print`: with a daemon that has one image, and with none. */
import { afterAll, describe, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { runProgram } from '../main.ts';

const root = mkdtempSync(join(tmpdir(), 'skiff-call-'));
const socket = join(root, 'socket');
const asked: string[] = [];
const IMAGE = {
  Id: `sha256:${'1'.repeat(64)}`,
  RepoDigests: [`base@sha256:${'2'.repeat(64)}`],
  Os: 'linux',
  Architecture: 's390x',
  Config: { Env: ['PATH=/bin', 'FROM_BASE=1'], OnBuild: ['ARG KEPT=1'] },
};
const server = Bun.serve({
  unix: socket,
  fetch(request) {
    const { pathname } = new URL(request.url);
    asked.push(pathname);
    return pathname.endsWith('/images/base%3Alatest/json')
      ? Response.json(IMAGE)
      : Response.json({ message: 'No such image' }, { status: 404 });
  },
});
afterAll(async () => {
  await server.stop(true);
  rmSync(root, { recursive: true });
});

interface Ran {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

async function build(args: readonly string[], host = socket): Promise<Ran> {
  let [out, err] = ['', ''];
  const status = await runProgram(['build', ...args], {
    env: { HOME: root, DOCKER_HOST: `unix://${host}` },
    out: (text) => {
      out += text.toString();
    },
    err: (text) => {
      err += text.toString();
    },
    columns: 80,
  });
  return { status, out, err };
}

let folders = 0;
function contextOf(files: Readonly<Record<string, string>>): string {
  const folder = join(root, `context-${++folders}`);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

const NOBODY = join(root, 'nobody');

describe('docker build --check', () => {
  test('prints the warnings with their lines, and ends with 1', async () => {
    const folder = contextOf({ Dockerfile: 'FROM scratch\nCMD x\n' });
    const { status, out, err } = await build(['--check', folder], NOBODY);
    expect([status, err]).toEqual([1, '']);
    expect(out).toBe(
      `Check complete, 1 warning has been found!

WARNING: JSONArgsRecommended - https://docs.docker.com/go/dockerfile/rule/json-args-recommended/
JSON arguments recommended for CMD to prevent unintended behavior related to OS signals
${folder}/Dockerfile:2
--------------------
   1 |     FROM scratch
   2 | >>> CMD x
   3 |     
--------------------
`,
    );
  });

  test('ends with 0 when there is nothing, when the status is to be ignored, and when the rule is skipped', async () => {
    const clean = contextOf({ Dockerfile: 'FROM scratch\nCMD ["x"]\n' });
    expect(await build(['--check', clean], NOBODY)).toEqual({
      status: 0,
      out: 'Check complete, no warnings found.\n',
      err: '',
    });
    const folder = contextOf({ Dockerfile: 'FROM scratch\nCMD x\n' });
    expect((await build(['--call=check,ignorestatus=true', folder], NOBODY)).status).toBe(0);
    const skip = 'BUILDKIT_DOCKERFILE_CHECK=skip=all';
    expect((await build(['--call=lint', '--build-arg', skip, folder], NOBODY)).status).toBe(0);
  });

  test('an error comes last, on standard error', async () => {
    const folder = contextOf({ Dockerfile: 'FROM scratch AS A\nRUNN x\n' });
    const { status, out, err } = await build(['--check', folder], NOBODY);
    expect(status).toBe(1);
    expect(out).toContain('1 warning has been found!');
    expect(err).toStartWith('ERROR: dockerfile parse error on line 2: unknown instruction: RUNN (did you mean RUN?)\n');
    expect(err).toContain('   2 | >>> RUNN x\n');
  });

  test('the ignore file beside the Dockerfile counts before that of the context', async () => {
    const folder = contextOf({
      'build/web.Dockerfile': 'FROM scratch\nCOPY a b /x/\n',
      'build/web.Dockerfile.dockerignore': 'a\n',
      '.dockerignore': 'b\n',
    });
    const { out } = await build(['--check', '-f', join(folder, 'build/web.Dockerfile'), folder], NOBODY);
    expect(out).toContain('Attempting to Copy file "a" that is excluded');
    expect(out).toContain('1 warning');
  });

  test('the daemon is asked for what a base brings along', async () => {
    const folder = contextOf({ Dockerfile: 'FROM base\nENV A=$FROM_BASE$KEPT B=$GONE\n' });
    const { out, err } = await build(['--check', '--platform', 'linux/s390x', folder]);
    expect([out.split('\n')[0], err]).toEqual(['Check complete, 1 warning has been found!', '']);
    expect(out).toContain("undefined variable '$GONE'");
    expect((await build(['--check', '--platform', 'linux/riscv64', folder])).out).toContain(
      'Base image base was pulled with platform "linux/s390x", expected "linux/riscv64"',
    );
  });

  test('a base that is not there is said so once, and nothing is guessed about it', async () => {
    const folder = contextOf({ Dockerfile: 'FROM far AS a\nENV A=$FROM_BASE\nFROM far\nWORKDIR $B\n' });
    for (const host of [socket, NOBODY]) {
      const { status, out, err } = await build(['--check', folder], host);
      expect(err).toBe(
        'WARNING: the image far:latest is not here: its variables, its ONBUILD instructions and its platform are left out\n',
      );
      expect(out).not.toContain('UndefinedVar');
      expect(status).toBe(1);
    }
  });
});

describe('docker build --call', () => {
  const folder = contextOf({
    Dockerfile: '# app runs it\nFROM scratch AS app\n# VERSION of it\nARG VERSION=1\n',
  });

  test('lists targets', async () => {
    const { status, out } = await build(['--call=targets', folder], NOBODY);
    expect([status, out]).toEqual([0, 'TARGET        DESCRIPTION\napp (default) runs it\n']);
    const json = await build(['--call=targets,format=json', folder], NOBODY);
    expect(JSON.parse(json.out).targets[0].name).toBe('app');
  });

  test('outlines the arguments', async () => {
    const { status, out } = await build(['--call=outline', '--build-arg', 'VERSION=2', folder], NOBODY);
    expect(status).toBe(0);
    expect(out).toContain('BUILD ARG   VALUE   DESCRIPTION\nVERSION     2       of it\n');
    const json = await build(['--call=format=json,outline', folder], NOBODY);
    expect(JSON.parse(json.out).args[0].value).toBe('1');
  });

  test('an error is told with the lines that it means', async () => {
    const broken = contextOf({ Dockerfile: 'FROM scratch\nCOPY a\n' });
    for (const call of ['--call=outline', '--call=targets', '--print=plan', '--print=instructions']) {
      const { status, out, err } = await build([call, broken], NOBODY);
      expect([status, out]).toEqual([1, '']);
      expect(err).toContain('   2 | >>> COPY a\n');
      expect(err).toContain('ERROR: failed to solve: dockerfile parse error on line 2: COPY requires at least two');
    }
  });

  test('what it does not know is refused', async () => {
    for (const [flag, why] of [
      ['--call=chek', 'unknown method "chek"'],
      ['--call=check,outline', 'invalid print value: check,outline'],
      ['--call=check,colour=1', 'invalid print field: colour=1'],
      ['--call=check,format=xml', 'unknown format "xml"'],
      ['--call=check,ignorestatus=perhaps', 'invalid ignorestatus print value: perhaps'],
      ['--print=tree', 'invalid value "tree" of --print'],
    ] as const) {
      const { status, out, err } = await build([flag, folder], NOBODY);
      expect([status, out]).toEqual([1, '']);
      expect(err).toContain(why);
    }
    expect((await build(['--print=ast', '--check', folder], NOBODY)).err).toContain('cannot be given together');
    expect((await build(['--check', 'https://127.0.0.1/x.git'], NOBODY)).err).toContain('cannot be looked at');
  });
});

describe('docker build --print', () => {
  test('prints tree, instructions and plan', async () => {
    const folder = contextOf({
      dockerfile: 'FROM base AS one\nENV A=$FROM_BASE\nFROM scratch\nCOPY --from=one /a /b\n',
    });
    const printed = async (stage: string): Promise<unknown> =>
      JSON.parse((await build([`--print=${stage}`, folder])).out);
    expect(await printed('ast')).toMatchObject({ escape: '\\', instructions: { length: 4 } });
    expect(await printed('instructions')).toMatchObject({ stages: [{ name: 'one' }, { name: '' }] });
    expect(await printed('plan')).toMatchObject({
      target: 1,
      stages: [
        { base: { kind: 'image', reference: 'docker.io/library/base:latest', digest: `sha256:${'2'.repeat(64)}` } },
        {},
      ],
    });
  });

  test('a plan needs its bases', async () => {
    const { status, err } = await build(['--print=plan', contextOf({ Dockerfile: 'FROM far\n' })]);
    expect(status).toBe(1);
    expect(err).toContain('   1 | >>> FROM far\n');
    expect(err).toEndWith('ERROR: failed to solve: the image far:latest is not here: pull it to have a plan\n');
  });
});

test('nothing but images is asked for', () => {
  expect(asked.every((path) => /^\/v[\d.]+\/images\/[a-z]+%3Alatest\/json$/.test(path))).toBe(true);
});
