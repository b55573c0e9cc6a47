/**
 * The corpus test/fixtures/dockerfiles: a folder per case with `Dockerfile`, perhaps `options.json`, and what the compiler makes
 * of it: `ast.json`, `instructions.json`, `plan.json`, or `error.txt` from the stage that refuses it.
 * `UPDATE_GOLDEN=1 bun test src/build/corpus.test.ts` writes them anew; read the difference before it is committed.
 */
import { describe, expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { KnownError } from '../lib/errors.ts';
import type { Digest } from '../oci/digest.ts';
import { parseImageDocument } from '../oci/image-config.ts';
import { parsePlatform } from '../oci/platform.ts';
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
};

const resolveImage: ResolveImage = async (reference, platform) => {
  const config = IMAGES[reference];
  if (!config) throw new KnownError('not_found', `${reference}: not found`);
  const history = [{ created: '2024-01-01T00:00:00Z', created_by: 'base' }];
  const document = { os: platform.os, architecture: platform.architecture, config, history };
  return {
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

async function compile(folder: string): Promise<ReadonlyMap<string, string>> {
  const text = readFileSync(join(folder, 'Dockerfile'), 'utf8');
  const made = new Map<string, string>();
  try {
    const tree = text === '' ? undefined : parseDockerfile(text);
    if (tree) {
      made.set('ast.json', print(tree));
      made.set('instructions.json', print(parseProgram(tree)));
    }
    const signal = new AbortController().signal;
    made.set('plan.json', print(await makePlan(text, planOptions(folder), resolveImage, { signal })));
  } catch (error) {
    if (!(error instanceof KnownError)) throw error;
    const place = error instanceof DockerfileError ? error.location : undefined;
    const excerpt = place === undefined ? '' : formatExcerpt(text, 'Dockerfile', place);
    made.set('error.txt', `${excerpt}${error.kind}: ${error.message}\n`);
  }
  return made;
}

function print(value: unknown): string {
  return `${JSON.stringify(value, undefined, 1)}\n`;
}

const OUTPUTS = ['ast.json', 'instructions.json', 'plan.json', 'error.txt'];

function update(folder: string, made: ReadonlyMap<string, string>): void {
  for (const name of OUTPUTS) {
    const text = made.get(name);
    if (text === undefined) rmSync(join(folder, name), { force: true });
    else writeFileSync(join(folder, name), text);
  }
}

describe('corpus of Dockerfiles', () => {
  const names = readdirSync(CASES).toSorted();
  test('has at least a hundred cases', () => expect(names.length).toBeGreaterThanOrEqual(100));
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
