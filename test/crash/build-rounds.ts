import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startDaemon, type TestDaemon } from '../helpers/daemon.ts';
import { buildFolder } from '../integration/build/build-folder.ts';

export interface BuildRoundsResult {
  readonly rounds: number;
  /** Builds that the crash cut off. */
  readonly cutOff: number;
  readonly problems: readonly string[];
}

const FILES = 120;

/**
 * Rounds of: a build of changed files, a power cut for all processes of the daemon (it, its monitors and their containers) at a random moment of
 * it, a new start, the same build again. The image must be right, its cache true, and nothing left of the one that was cut off. Stops at the
 * first round with a problem. `random` in [0,1).
 */
export async function buildRounds(
  count: number,
  random: () => number,
  tell: (line: string) => void,
): Promise<BuildRoundsResult> {
  await using daemon = await startDaemon();
  const folder = join(daemon.root, 'context');
  mkdirSync(join(folder, 'src'), { recursive: true });
  const problems: string[] = [];
  let [rounds, cutOff] = [0, 0];
  while (rounds < count && problems.length === 0) {
    writeContext(folder, ++rounds, random);
    const cut = buildFolder(daemon, folder, { t: 'crash' }).then(
      ({ error }) => error !== undefined,
      () => true,
    );
    await Bun.sleep(random() * 900);
    await powerCut(daemon);
    if (await cut) cutOff++;
    await daemon.restart();
    problems.push(...leftBehind(daemon), ...(await rightImage(daemon, folder, rounds)));
    tell(`round ${rounds}: ${cutOff} cut off`);
  }
  return { rounds, cutOff, problems };
}

/** Some of the files change, and the last step does. */
function writeContext(folder: string, round: number, random: () => number): void {
  for (let n = 0; n < FILES; n++)
    if (round === 1 || random() < 0.2) writeFileSync(join(folder, `src/f${n}`), `${round} ${n}\n`.repeat(50));
  const dockerfile = `FROM busybox AS sums
COPY src /src
RUN cd /src && sha256sum * > /sums
FROM busybox AS side
RUN echo ${round % 3} > /side && mkdir -p /many && for n in $(seq 100); do echo $n > /many/$n; done
FROM busybox
COPY --from=sums /sums /sums
COPY --from=side /many /many
COPY src /src
RUN cd /src && sha256sum -c /sums > /dev/null && echo ${round} > /done
`;
  writeFileSync(join(folder, 'Dockerfile'), dockerfile);
}

/** Everything that has the daemon's paths in its arguments, all at once; by their ids. */
async function powerCut(daemon: TestDaemon): Promise<void> {
  const own = processesOf(daemon);
  const killed = daemon.kill9();
  for (let left = own; left.length > 0; left = processesOf(daemon)) {
    for (const pid of left) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // ended meanwhile
      }
    }
    await Bun.sleep(10);
  }
  await killed;
}

/** Monitors and runtimes, by the daemon's exec root. Containers end with their monitor's end or at the next start. */
function processesOf({ root, pid: daemonPid }: TestDaemon): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== daemonPid && Number(name) !== process.pid)
    .filter((name) => {
      try {
        return readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(`${root}/e`);
      } catch {
        return false;
      }
    })
    .map(Number);
}

function leftBehind({ root }: TestDaemon): readonly string[] {
  const drafts = readdirSync(join(root, 'd/drafts'));
  const builds = readdirSync(join(root, 'd/build')).filter((name) => name !== 'cache');
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes(`${root}/d/`));
  return [
    ...drafts.map((name) => `draft ${name} is left`),
    ...builds.map((name) => `folder of build ${name} is left`),
    ...mounts.map((line) => `mounted: ${line}`),
  ];
}

async function rightImage(daemon: TestDaemon, folder: string, round: number): Promise<readonly string[]> {
  const containers = await daemon.ok(['ps', '-aq']);
  const first = await buildFolder(daemon, folder, { t: 'crash' });
  if (first.error !== undefined) return [`round ${round}: the next build failed: ${first.error}`];
  const again = await buildFolder(daemon, folder, { t: 'crash' });
  const steps = again.text.match(/^Step \d+\/\d+ : (?:COPY|RUN)/gm)?.length;
  const cached = again.text.match(/Using cache/g)?.length;
  const check = `cd /src && sha256sum -c /sums > /dev/null && cat /done && ls /many | wc -l`;
  const seen = await daemon.docker(['run', '--rm', 'crash', 'sh', '-c', check]);
  return [
    ...(containers === '' ? [] : [`containers are left: ${containers}`]),
    ...(again.id === first.id ? [] : [`a build from the cache gives ${again.id}, not ${first.id}`]),
    ...(steps === cached ? [] : [`only ${cached} of ${steps} steps are in the cache`]),
    ...(seen.stdout === `${round}\n100\n` ? [] : [`the image is wrong: ${seen.stdout}${seen.stderr}`]),
  ];
}

if (import.meta.main) {
  const count = Number(process.argv[2] ?? 50);
  const result = await buildRounds(count, Math.random, (line) => console.log(line));
  console.log(JSON.stringify(result, null, 2));
  process.exit(result.problems.length === 0 ? 0 : 1);
}
