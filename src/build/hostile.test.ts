/**
 * Dockerfiles made to hurt: each ends with a plan or an error about the input, in bounded work. A time is not asserted; what never ends fails
 * by the test's limit, and what overflows the stack or the memory fails by itself.
 */
import { describe, expect, test } from 'bun:test';
import { KnownError } from '../lib/errors.ts';
import type { Digest } from '../oci/digest.ts';
import { parseImageDocument } from '../oci/image-config.ts';
import { makeOutline } from './call/outline.ts';
import { listTargets } from './call/targets.ts';
import { checkDockerfile } from './check/check-dockerfile.ts';
import { parseProgram } from './instruction/program.ts';
import { parseDockerfile } from './parse/parse.ts';
import { makePlan, type PlanOptions, type ResolveImage } from './plan/make-plan.ts';

const AMD64 = { os: 'linux', architecture: 'amd64' };
const OPTIONS: PlanOptions = { target: '', buildArgs: {}, labels: {}, platforms: { build: AMD64, target: AMD64 } };
const signal = new AbortController().signal;
const LIMIT_MS = 60_000;

const resolveImage: ResolveImage = async (reference) => ({
  digest: `sha256:${'0'.repeat(64)}` as Digest,
  document: parseImageDocument(
    Buffer.from(
      JSON.stringify({
        ...AMD64,
        config: { Env: ['PATH=/bin'], ...(reference.includes('trigger') ? { OnBuild: ['COPY --from=s0 /a /b'] } : {}) },
      }),
    ),
  ),
});

/** All that is made of a Dockerfile; how each ended: `plan`, or the error's text. */
async function endings(text: string): Promise<readonly string[]> {
  const results = await Promise.allSettled([
    makePlan(text, OPTIONS, resolveImage, { signal }),
    makeOutline(text, OPTIONS, resolveImage, { signal }),
    (async () => listTargets(parseProgram(parseDockerfile(text))))(),
  ]);
  const report = await checkDockerfile(
    { text, options: OPTIONS, ignorePatterns: ['a', '**/b'], resolve: resolveImage },
    { signal },
  );
  return [...results.map(ending), report.error?.message ?? 'plan'];
}

function ending(result: PromiseSettledResult<unknown>): string {
  if (result.status === 'fulfilled') return 'plan';
  const error: unknown = result.reason;
  if (error instanceof KnownError && error.kind === 'invalid_parameter') return error.message;
  throw error;
}

function lines(count: number, line: (index: number) => string): string {
  return `${Array.from({ length: count }, (_none, index) => line(index)).join('\n')}\n`;
}

const FROM = 'FROM busybox\n';
const TOO_MUCH = 'the Dockerfile asks for too much';
const WIDE = 65_000;

describe('hostile Dockerfiles end', () => {
  const cases: Readonly<Record<string, { readonly text: string; readonly plan: string | RegExp }>> = {
    '100,000 comment lines': { text: `${lines(100_000, (index) => `# ${index}`)}${FROM}`, plan: 'plan' },
    '100,000 empty lines': { text: `${FROM}${'\n'.repeat(100_000)}RUN true\n`, plan: 'plan' },
    '99,999 times RUN': { text: `${FROM}${lines(99_999, () => 'RUN true')}`, plan: TOO_MUCH },
    '5,000 times RUN': { text: `${FROM}${lines(5_000, () => 'RUN true')}`, plan: 'plan' },
    '90,000 instructions in two cases': {
      text: `${FROM}${lines(90_000, (index) => (index % 2 ? 'RUN true' : 'run true'))}`,
      plan: TOO_MUCH,
    },
    'names in FROM that nobody has': {
      text: `${lines(20_000, (index) => `ARG n${index}`)}${lines(20, (line) => `FROM a${Array.from({ length: 8_000 }, (_none, index) => `$x${line}${index}`).join('')}`)}`,
      plan: 'plan',
    },
    '200,000 instructions': {
      text: `${FROM}${lines(200_000, () => 'RUN true')}`,
      plan: /more than 100000 instructions/,
    },
    '99,999 variables': { text: `${FROM}${lines(99_999, (index) => `ENV a${index}=1`)}`, plan: TOO_MUCH },
    '10,000 variables in a line': { text: `${FROM}ENV ${lines(10_000, (index) => `a${index}=1 \\`)}\n`, plan: 'plan' },
    'many variables and many RUN': {
      text: `${FROM}${lines(40_000, (index) => (index % 2 ? `ENV a${index}=1` : 'RUN true'))}`,
      plan: TOO_MUCH,
    },
    '50,000 labels': { text: `${FROM}${lines(50_000, (index) => `LABEL a${index}=1`)}`, plan: TOO_MUCH },
    'all ports, many times': { text: `${FROM}${lines(1_000, () => 'EXPOSE 0-65535 0-65535/udp')}`, plan: TOO_MUCH },
    'all ports, too often in a line': { text: `${FROM}EXPOSE ${'0-65535 '.repeat(4)}\n`, plan: /too many ports/ },
    'a variable that doubles': {
      text: `${FROM}ENV a=ab\n${lines(60, () => 'ENV a=$a$a')}`,
      plan: /the value is too long/,
    },
    'a global ARG that doubles': {
      text: `ARG a=ab\n${lines(60, () => 'ARG a=$a$a')}${FROM}`,
      plan: /the value is too long/,
    },
    'a large variable, many times': {
      text: `ARG a=abcdefgh\n${lines(15, () => 'ARG a=$a$a')}${lines(5_000, (index) => `ARG b${index}=$a`)}${FROM}`,
      plan: TOO_MUCH,
    },
    'a large variable in COPY of a heredoc': {
      text: `${FROM}ENV a=abcdefgh\n${lines(16, () => 'ENV a=$a$a')}COPY <<E /x\n${'$a'.repeat(30)}\nE\n`,
      plan: /the value is too long/,
    },
    'a replacement that grows': {
      text: `${FROM}ENV a=${'x'.repeat(15_000)}\nENV b=\${a//x/${'y'.repeat(15_000)}}\n`,
      plan: /the value is too long|too long for a pattern/,
    },
    'substitutions nested 60,000 times': {
      text: `${FROM}ENV a=${'${a:-'.repeat(10_000)}\n`,
      plan: /nested too deeply/,
    },
    'JSON nested 60,000 times': { text: `${FROM}CMD ${'['.repeat(WIDE)}\n`, plan: 'plan' },
    'ONBUILD nested 7,000 times': { text: `${FROM}${'ONBUILD '.repeat(7_000)}RUN x\n`, plan: /Chaining ONBUILD/ },
    'a directive of blanks': { text: `# syntax=a${' '.repeat(WIDE)}b\n${FROM}`, plan: 'plan' },
    'a name of blanks': { text: `#${' '.repeat(WIDE)}1=b\n${FROM}`, plan: 'plan' },
    'a line of backslashes': { text: `${FROM}RUN ${'\\ '.repeat(WIDE / 2 - 10)}x\n`, plan: 'plan' },
    'quotes of a full line': { text: `${FROM}ENV a="${'\\"'.repeat(WIDE / 2 - 20)}"\n`, plan: 'plan' },
    'an open quote of a full line': { text: `${FROM}ENV a="${'b'.repeat(WIDE)}\n`, plan: /matching double-quote/ },
    'a line above 64 KiB': { text: `${FROM}RUN ${'x'.repeat(65_536)}\n`, plan: /greater than max allowed size/ },
    'an instruction above 1 MiB': {
      text: `${FROM}RUN ${lines(100, () => `${'x'.repeat(60_000)}\\`)}`,
      plan: /longer than 1 MiB/,
    },
    'a file above 16 MiB': { text: FROM + 'x\n'.repeat(9 * 1024 * 1024), plan: /larger than 16 MiB/ },
    'flags of a full line': { text: `${FROM}RUN ${'--a '.repeat(16_000)}x\n`, plan: /unknown flag/ },
    'mounts of a full line': { text: `${FROM}RUN ${'--mount=type=tmpfs,target=/a '.repeat(2_000)}x\n`, plan: 'plan' },
    'a mount of many fields': {
      text: `${FROM}RUN --mount=${'"",'.repeat(20_000)}a x\n`,
      plan: /must be a key=value pair/,
    },
    'heredocs of a full line': { text: `${FROM}RUN ${'<<a '.repeat(16_000)}\na\n`, plan: /unterminated heredoc/ },
    'a heredoc of 100,000 lines': { text: `${FROM}COPY <<a /b\n${lines(100_000, () => 'text')}a\n`, plan: 'plan' },
    'stages, each on the one before': {
      text: lines(20_000, (index) => (index === 0 ? 'FROM busybox AS s0' : `FROM s${index - 1} AS s${index}`)),
      plan: 'plan',
    },
    'stages, each copying from the one before': {
      text: lines(10_000, (index) =>
        index % 2 === 0 ? `FROM scratch AS s${index}` : index === 1 ? 'LABEL a=b' : `COPY --from=s${index - 3} /a /b`,
      ),
      plan: 'plan',
    },
    'stages, each copying from the one after': {
      text: lines(10_000, (index) =>
        index % 2 === 0 ? `FROM scratch AS s${index}` : `COPY --from=s${index + 1} /a /b`,
      ),
      plan: 'plan',
    },
    'stages with triggers that name stages': {
      text: lines(2_000, (index) => (index === 0 ? 'FROM scratch AS s0' : `FROM trigger AS s${index}`)),
      plan: 'plan',
    },
    'stages with one name': { text: lines(20_000, () => 'FROM busybox AS same'), plan: 'plan' },
    'names that are nearly right': {
      text: `${FROM}${lines(3_000, (index) => `ARG ${'n'.repeat(200)}${index}`)}${lines(300, (index) => `COPY $${'n'.repeat(200)}x${index} b`)}`,
      plan: /plan|asks for too much/,
    },
    'a global ARG on the one before, deep': {
      text: `ARG a0=1\n${lines(20_000, (index) => `ARG a${index + 1}=$a${index}`)}FROM busybox:$a20000\n`,
      plan: 'plan',
    },
    'a global ARG on itself, often': {
      text: `ARG a=1\n${lines(8_000, (index) => `ARG b${index}=\nARG a=$a$b${index}`)}FROM busybox:$a\n`,
      plan: 'plan',
    },
    'bytes of all kinds': {
      text: `${FROM}${lines(300, (line) => String.fromCharCode(...Array.from({ length: 100 }, (_none, index) => ((line * 100 + index) * 7919) % 0xd7ff)))}`,
      plan: /unknown instruction|unterminated|parse error|must have/,
    },
  };
  for (const [name, { text, plan }] of Object.entries(cases)) {
    test(
      name,
      async () => {
        const [planned = '', ...others] = await endings(text);
        if (typeof plan === 'string') expect(planned).toStartWith(plan);
        else expect(planned).toMatch(plan);
        expect(others).toHaveLength(3);
      },
      LIMIT_MS,
    );
  }
});

/** A generator of its own: a failure is repeated by its seed. */
function createRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const BLANKS = ['\n', '\n', '\n', '\n', ' ', ' ', ' ', '\t', '\r\n', '\\\n', '`\n', '\u0000', '\ufeff', '한'];
const PIECES = [
  ...'FROM busybox AS,ARG a,RUN,COPY,ADD,ENV,LABEL,CMD,ENTRYPOINT,EXPOSE,ONBUILD,HEALTHCHECK,SHELL,USER,VOLUME'.split(
    ',',
  ),
  ...'WORKDIR,STOPSIGNAL,MAINTAINER,--mount=type=,--from=,--chown=,--link,--platform=,$a,${a:-,},${a//,/,${a%%,<<E,<<-E'.split(
    ',',
  ),
  ...'E,[",", "],"],",\',\\,`,#,# check=,# escape=`,=,a=b,;,:,@,*,?,!,80/tcp,scratch,linux/,secret,cache,target=/'.split(
    ',',
  ),
  ...BLANKS,
];

describe('Dockerfiles of random pieces end', () => {
  for (let seed = 1; seed <= 40; seed += 1) {
    test(`seed ${seed}`, async () => {
      const random = createRandom(seed);
      for (let round = 0; round < 25; round += 1) {
        const count = 1 + random(60);
        const body = Array.from({ length: count }, () => PIECES[random(PIECES.length)] ?? '').join(
          random(2) ? ' ' : '',
        );
        const text = `${random(3) ? FROM : ''}${body}`;
        expect(await endings(text)).toHaveLength(4);
      }
    });
  }
});
