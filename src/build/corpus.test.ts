/**
 * The corpus test/fixtures/dockerfiles: a folder per case with `Dockerfile`, perhaps `options.json` and `.dockerignore`, and what the
 * compiler makes of it: `ast.json`, `instructions.json`, `plan.json`, or `error.txt` from the stage that refuses it. Cases named check-*,
 * outline-* and targets-* hold what these calls answer instead, as text and as JSON.
 * `UPDATE_GOLDEN=1 bun test src/build/corpus.test.ts` writes them anew; read the difference before it is committed.
 */
import { describe, expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { KnownError } from '../lib/errors.ts';
import type { Digest } from '../oci/digest.ts';
import { parseImageDocument } from '../oci/image-config.ts';
import { parsePlatform } from '../oci/platform.ts';
import { formatCheck, formatCheckError, formatCheckJson } from './call/format-check.ts';
import { formatOutline, formatOutlineJson } from './call/format-outline.ts';
import { makeOutline } from './call/outline.ts';
import { formatTargets, formatTargetsJson, listTargets } from './call/targets.ts';
import { checkDockerfile } from './check/check-dockerfile.ts';
import { parseIgnoreFile } from './ignore/ignore-file.ts';
import { parseProgram } from './instruction/program.ts';
import { DockerfileError } from './parse/dockerfile-error.ts';
import { formatExcerpt } from './parse/location.ts';
import { parseDockerfile } from './parse/parse.ts';
import { makePlan, type PlanOptions, type ResolveImage } from './plan/make-plan.ts';

const CASES = resolve(import.meta.dirname, '../../test/fixtures/dockerfiles');
const UPDATE = process.env.UPDATE_GOLDEN === '1';
const AMD64 = { os: 'linux', architecture: 'amd64' };

const IMAGES: Readonly<Record<string, object>> = {
  'docker.io/library/busybox:latest': { Env: ['PATH=/bin'], Cmd: ['sh'] },
  'docker.io/library/alpine:3.20': { Env: ['PATH=/usr/bin:/bin'], Cmd: ['/bin/sh'] },
  'registry.test:5000/team/base:v1': {
    User: 'app',
    WorkingDir: '/srv',
    Env: ['LANG=C'],
    Entrypoint: ['/entry'],
    Cmd: ['serve'],
    Labels: { team: 'base' },
    ExposedPorts: { '80/tcp': {} },
    Volumes: { '/data': {} },
  },
  'docker.io/library/onbuild:latest': {
    Env: ['PATH=/bin'],
    WorkingDir: '/usr/src',
    OnBuild: ['ARG MODE=fast', 'COPY . /usr/src', 'RUN make $MODE'],
  },
  'docker.io/library/onbuild-from:latest': { Env: ['PATH=/bin'], OnBuild: ['COPY --from=tools /t /t'] },
  [`docker.io/library/busybox@sha256:${'a'.repeat(64)}`]: { Env: ['PATH=/bin'] },
  'docker.io/library/only-arm:latest': { Env: ['PATH=/bin'] },
  'docker.io/library/shell:latest': { Env: ['PATH=/bin'], Shell: ['/bin/other', '-c'] },
  'docker.io/library/unknown:latest': {},
};

/** Images of well-known names: any tag is there. */
const KNOWN =
  /\/(?:node|golang|rust|python|maven|eclipse-temurin|buildpack-deps|debian|ubuntu|composer|php|php-extension-installer|static-debian12|base):(?!v1$)/;
const LANGUAGE = { Env: ['PATH=/usr/local/bin:/usr/bin:/bin', 'LANG=C.UTF-8'] };
const NGINX = {
  Env: ['PATH=/usr/sbin:/usr/bin:/bin', 'NGINX_VERSION=1.25.4'],
  Entrypoint: ['/docker-entrypoint.sh'],
  Cmd: ['nginx', '-g', 'daemon off;'],
  ExposedPorts: { '80/tcp': {} },
  StopSignal: 'SIGQUIT',
};

function configOf(reference: string): object | undefined {
  if (reference.startsWith('docker.io/library/nginx:')) return NGINX;
  return IMAGES[reference] ?? (KNOWN.test(reference) ? LANGUAGE : undefined);
}

const resolveImage: ResolveImage = async (reference, platform) => {
  const config = configOf(reference);
  if (!config) throw new KnownError('not_found', `${reference}: not found`);
  const history = [{ created: '2024-01-01T00:00:00Z', created_by: 'base' }];
  const architecture = reference.includes('/only-arm:') ? 'arm64' : platform.architecture;
  const document = { os: platform.os, architecture, config, history };
  return {
    ...(reference.includes('/unknown:') ? { unknown: true } : {}),
    digest: `sha256:${createHash('sha256').update(reference).digest('hex')}` as Digest,
    document: parseImageDocument(Buffer.from(JSON.stringify(document))),
  };
};

interface CaseOptions {
  readonly target?: string;
  readonly buildArgs?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly platform?: string;
}

const signal = new AbortController().signal;

function planOptions(folder: string): PlanOptions {
  const file = join(folder, 'options.json');
  const given: CaseOptions = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  const { target = '', buildArgs = {}, labels = {}, platform } = given;
  return {
    target,
    buildArgs,
    labels,
    platforms: { build: AMD64, target: platform === undefined ? AMD64 : parsePlatform(platform, AMD64) },
  };
}

type Outputs = Map<string, string>;

async function compile(folder: string): Promise<Outputs> {
  const text = readFileSync(join(folder, 'Dockerfile'), 'utf8');
  const made: Outputs = new Map();
  try {
    await (CALLS[basename(folder).split('-', 1)[0] ?? ''] ?? compilePlan)(text, folder, made);
  } catch (error) {
    if (!(error instanceof KnownError)) throw error;
    const place = error instanceof DockerfileError ? error.location : undefined;
    const excerpt = place === undefined ? '' : formatExcerpt(text, 'Dockerfile', place);
    made.set('error.txt', `${excerpt}${error.kind}: ${error.message}\n`);
  }
  return made;
}

type Call = (text: string, folder: string, made: Outputs) => Promise<void>;

const CALLS: Readonly<Record<string, Call>> = { check: compileCheck, outline: compileOutline, targets: compileTargets };

async function compileCheck(text: string, folder: string, made: Outputs): Promise<void> {
  const ignore = join(folder, '.dockerignore');
  const ignorePatterns = existsSync(ignore) ? parseIgnoreFile(readFileSync(ignore, 'utf8')) : [];
  const report = await checkDockerfile(
    { text, options: planOptions(folder), ignorePatterns, resolve: resolveImage },
    { signal },
  );
  const source = { text, fileName: 'Dockerfile' };
  made.set('check.txt', formatCheck(report, source) + (report.error ? formatCheckError(report.error, source) : ''));
  made.set('check.json', `${formatCheckJson(report, source)}\n`);
}

async function compileOutline(text: string, folder: string, made: Outputs): Promise<void> {
  const outline = await makeOutline(text, planOptions(folder), resolveImage, { signal });
  made.set('outline.txt', formatOutline(outline));
  made.set('outline.json', `${formatOutlineJson(outline, text)}\n`);
}

async function compileTargets(text: string, _folder: string, made: Outputs): Promise<void> {
  const targets = listTargets(parseProgram(parseDockerfile(text)));
  made.set('targets.txt', formatTargets(targets));
  made.set('targets.json', `${formatTargetsJson(targets, text)}\n`);
}

async function compilePlan(text: string, folder: string, made: Outputs): Promise<void> {
  const tree = text === '' ? undefined : parseDockerfile(text);
  if (tree) {
    made.set('ast.json', print(tree));
    made.set('instructions.json', print(parseProgram(tree)));
  }
  made.set('plan.json', print(await makePlan(text, planOptions(folder), resolveImage, { signal })));
}

function print(value: unknown): string {
  return `${JSON.stringify(value, undefined, 1)}\n`;
}

const CALL_OUTPUTS = ['check', 'outline', 'targets'].flatMap((name) => [`${name}.txt`, `${name}.json`]);
const OUTPUTS = ['ast.json', 'instructions.json', 'plan.json', 'error.txt', ...CALL_OUTPUTS];

function update(folder: string, made: ReadonlyMap<string, string>): void {
  for (const name of OUTPUTS) {
    const text = made.get(name);
    if (text === undefined) rmSync(join(folder, name), { force: true });
    else writeFileSync(join(folder, name), text);
  }
}

describe('corpus of Dockerfiles', () => {
  const names = readdirSync(CASES).toSorted();
  test('has at least 450 cases', () => expect(names.length).toBeGreaterThanOrEqual(450));

  const refused = names.filter((name) => name.startsWith('error-') && existsSync(join(CASES, name, 'error.txt')));
  test.each(refused)('%s: its check ends with the error that refuses the plan', async (name) => {
    const folder = join(CASES, name);
    const text = readFileSync(join(folder, 'Dockerfile'), 'utf8');
    const input = { text, options: planOptions(folder), ignorePatterns: [], resolve: resolveImage };
    const { error } = await checkDockerfile(input, { signal });
    expect(readFileSync(join(folder, 'error.txt'), 'utf8')).toEndWith(`: ${error?.message}\n`);
  });

  for (const name of names) {
    test(`${name}: tree, instructions and plan are as recorded`, async () => {
      const folder = join(CASES, name);
      const made = await compile(folder);
      if (UPDATE) update(folder, made);
      const recorded = readdirSync(folder).filter((file) => OUTPUTS.includes(file));
      expect([...made.keys()].toSorted()).toEqual(recorded.toSorted());
      for (const [file, text] of made) expect(text).toBe(readFileSync(join(folder, file), 'utf8'));
    });
  }
});
