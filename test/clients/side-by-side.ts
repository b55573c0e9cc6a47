/**
 * The unmodified docker client against our daemon and against Docker's own, side by side: exit codes, output and error texts must be equal,
 * but for the differences that steps name.
 *   bun test/clients/side-by-side.ts [--write] [words of a group's title]
 * prints each step that is not as expected and exits 1 then. --write puts the differences into docs/differences.md.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { imageArchive, startDaemon } from '../helpers/daemon.ts';
import { type CommandResult, findDockerCli, runCommand } from '../helpers/docker-cli.ts';
import { debianDaemonVersion, startDebianDaemon } from './debian-daemon.ts';
import { differencesPage } from './differences.ts';
import { expectedOf } from './expected.ts';
import { keyPaths, normalise } from './normalise.ts';
import type { Field, Step } from './step.ts';
import { STEPS } from './steps.ts';

const FIELDS: readonly Field[] = ['exitCode', 'stdout', 'stderr'];
const STEP_TIMEOUT_SECONDS = 60;

/** A step's two results, already normalised. */
export interface Comparison {
  readonly step: Step;
  readonly ours: CommandResult;
  readonly theirs: CommandResult;
  /** What is not as expected, one line each; none when all is well. */
  readonly problems: readonly string[];
}

interface Side {
  readonly host: string;
  readonly root: string;
}

export interface Pair extends AsyncDisposable {
  compare(step: Step): Promise<Comparison>;
}

/** Starts both daemons. Needs root, a docker client and Debian's dockerd. */
export async function startPair(): Promise<Pair> {
  await using stack = new AsyncDisposableStack();
  const ours = stack.use(await startDaemon());
  const theirs = stack.use(await startDebianDaemon());
  const since = (Date.now() / 1000).toFixed(3);
  const keptDigests = layerDigests();
  const [ourImage, theirImage] = await Promise.all([imageId(ours), imageId(theirs)]);
  const run = async (step: Step, side: Side, image: string): Promise<CommandResult> => {
    const folder = join(side.root, 'w');
    mkdirSync(folder, { recursive: true });
    const env = { DOCKER_HOST: side.host, DOCKER_CONFIG: join(side.root, 'config'), HOME: folder, ROOT: folder };
    // A shell's function, so that the client is the one of findDockerCli whatever PATH says.
    const script = `docker() { command "${findDockerCli().path}" "$@"; }\n${step.run}`;
    const result = await runCommand(['timeout', '-s', 'KILL', String(STEP_TIMEOUT_SECONDS), 'sh', '-c', script], {
      env: { ...env, SINCE: since, BUSYBOX: imageArchive('busybox') },
      cwd: folder,
      timeoutMs: (STEP_TIMEOUT_SECONDS + 5) * 1000,
    });
    const facts = { root: side.root, image, keptDigests };
    return {
      exitCode: result.exitCode,
      stdout: normalise(viewOf(step, result.stdout), facts),
      stderr: normalise(result.stderr, facts),
    };
  };
  const all = stack.move();
  return {
    compare: async (step) => {
      const [mine, other] = await Promise.all([run(step, ours, ourImage), run(step, theirs, theirImage)]);
      return {
        step,
        ours: mine,
        theirs: other,
        problems: judge(expectedOf(step.run, findDockerCli().version)?.fields ?? [], mine, other),
      };
    },
    [Symbol.asyncDispose]: async () => await all.disposeAsync(),
  };
}

/** Decides what is wrong: fields that differ and should not, and differences that are named but no longer show. */
export function judge(expected: readonly Field[], ours: CommandResult, theirs: CommandResult): readonly string[] {
  return FIELDS.flatMap((field) => {
    const equal = ours[field] === theirs[field];
    if (equal && expected.includes(field)) return [`${field}: equal now, but a difference is expected`];
    if (equal || expected.includes(field)) return [];
    return [`${field}: ours\n${indent(ours[field])}\n  theirs\n${indent(theirs[field])}`];
  });
}

function viewOf(step: Step, stdout: string): string {
  if (step.view === 'keys') return keyPaths(stdout);
  if (step.view === 'sorted') return stdout.split('\n').sort().join('\n');
  return stdout;
}

/** The image's layers, by their content: they come from the archive, so both sides must agree on them. */
function layerDigests(): readonly string[] {
  const archive = imageArchive('busybox');
  const [manifest] = JSON.parse(Bun.spawnSync(['tar', '-xOf', archive, 'manifest.json']).stdout.toString());
  return (
    Bun.spawnSync(['tar', '-xOf', archive, manifest.Config])
      .stdout.toString()
      .match(/(?<=sha256:)[0-9a-f]{64}/g) ?? []
  );
}

async function imageId({ host }: Side): Promise<string> {
  const env = { DOCKER_HOST: host };
  const { stdout } = await runCommand([findDockerCli().path, 'images', '-q', '--no-trunc', 'busybox:latest'], { env });
  return stdout.trim().split('\n')[0]?.replace('sha256:', '') ?? '';
}

function indent(value: string | number): string {
  return String(value).replace(/^/gm, '    ');
}

if (import.meta.main) {
  const write = process.argv.includes('--write');
  const words = process.argv.slice(2).filter((word) => word !== '--write');
  const groups = STEPS.filter(({ title }) => words.every((word) => title.includes(word)));
  const pair = await startPair();
  const compared: Comparison[] = [];
  try {
    for (const step of groups.flatMap(({ steps }) => steps)) {
      const comparison = await pair.compare(step);
      compared.push(comparison);
      if (comparison.problems.length > 0) console.log(`$ ${step.run}\n  ${comparison.problems.join('\n  ')}`);
    }
  } finally {
    await pair[Symbol.asyncDispose]();
  }
  const failed = compared.filter(({ problems }) => problems.length > 0).length;
  const meant = compared.filter(({ step }) => expectedOf(step.run, findDockerCli().version) !== undefined).length;
  console.log(
    `client ${findDockerCli().version}, dockerd ${debianDaemonVersion()}: ${compared.length} steps, ${compared.length - failed - meant} equal, ${meant} with a difference that is meant, ${failed} not as expected`,
  );
  if (write) writeFileSync(resolve(import.meta.dirname, '../../docs/differences.md'), differencesPage(compared));
  process.exitCode = failed === 0 ? 0 : 1;
}
