/**
 * `npm run bench`: what users feel, with the same unmodified client on each engine, in turns in one run; then our client against that one.
 * Prints medians and ratios to dockerd, and writes dist/bench.json. `npm run bench -- WORD` runs the cases with that word in their name.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { join, resolve } from 'node:path';
import { createBuildCases } from './build-cases.ts';
import { CASES, type Case } from './cases.ts';
import { createContainerCases } from './container-cases.ts';
import { client, type Engine, pssKiB, startEngine } from './engines.ts';
import { createImageCases } from './image-cases.ts';
import { type Medians, measure, median } from './measure.ts';
import { createNetworkCases } from './network-cases.ts';

const DIST = resolve(import.meta.dirname, '../dist');

/** Before memory is looked at: everything has started. */
const SETTLE_MS = 3000;

const word = process.argv[2] ?? '';
const engines: Engine[] = [];
const apart: Engine[] = [];
let stopping: Promise<void> | undefined;
const images = await createImageCases();
using builds = createBuildCases();
using containers = createContainerCases();
using networks = createNetworkCases();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void stopAll().finally(() => process.exit(130)));
try {
  const shared = [...CASES, ...containers.cases, ...images.cases, ...builds.cases].filter(({ name }) =>
    name.includes(word),
  );
  for (const name of shared.length > 0 ? (['skiff', 'dockerd', 'podman'] as const) : []) {
    const engine = await startEngine(name, images.registries);
    if (engine) engines.push(engine);
    else console.log(`${name} is not on this machine`);
  }
  const results: object[] = [];
  await Bun.sleep(SETTLE_MS);
  const idle = new Map(engines.map(({ name, pids }) => [name, pssKiB(pids().engine)]));
  console.log(`${cpus().length} CPUs, Linux ${release()}, client ${client}; medians in milliseconds\n`);
  console.log('| what | skiff | dockerd | podman | skiff / dockerd | wanted |\n|---|---|---|---|---|---|');
  results.push(...(await measureAll(shared, engines)));
  results.push(...(await measureNetworks(networks.cases.filter(({ name }) => name.includes(word)))));
  const skiff = engines.find(({ name }) => name === 'skiff');
  if (skiff && word === '') {
    const ps = await measureClients(skiff);
    console.log(
      `| docker ps: our client, the Go client | ${show(ps.ours)} | ${show(ps.go)} | | ${(ps.ours / ps.go).toFixed(2)} | ≤ 0.7 |`,
    );
    results.push({ name: 'docker ps', ...ps });
    for (const { name, pids } of engines) {
      const { engine, monitor } = pids();
      const memory = { idle: idle.get(name) ?? 0, afterWork: pssKiB(engine), monitor: pssKiB(monitor) };
      const [before, after] = [memory.idle, memory.afterWork].map((kib) => `${(kib / 1024).toFixed(1)} MiB`);
      const engineText = `engine ${before} idle, ${after} after all this`;
      console.log(`\nPSS ${name}: ${engineText}; one container's monitor ${memory.monitor} KiB`);
      results.push({ name: `memory of ${name}`, ...memory });
    }
  }
  mkdirSync(DIST, { recursive: true });
  writeFileSync(join(DIST, 'bench.json'), `${JSON.stringify(results, undefined, 2)}\n`);
} finally {
  await stopAll();
}

/** Prints a line for each of them. */
async function measureAll(cases: readonly Case[], those: readonly Engine[]): Promise<readonly object[]> {
  const results: object[] = [];
  for (const one of cases) {
    const medians = await measure(one, those);
    const ratio = ratioOf(medians);
    console.log(
      `| ${one.name} | ${show(medians.skiff)} | ${show(medians.dockerd)} | ${show(medians.podman)} | ${ratio} | ≤ ${one.target} |`,
    );
    results.push({ name: one.name, medians, ratio, target: one.target });
  }
  return results;
}

/** On two more engines, each in a network of its own. */
async function measureNetworks(cases: readonly Case[]): Promise<readonly object[]> {
  if (cases.length === 0) return [];
  for (const name of ['skiff', 'dockerd'] as const) {
    const engine = await startEngine(name, images.registries, 'own');
    if (engine) apart.push(engine);
  }
  return await measureAll(cases, apart);
}

/** Once, whoever asks: an interrupt, and what fails because of it. */
function stopAll(): Promise<void> {
  stopping ??= (async () => {
    for (const engine of [...apart, ...engines]) await engine.stop();
    await images[Symbol.asyncDispose]();
    builds[Symbol.dispose]();
    containers[Symbol.dispose]();
  })();
  return stopping;
}

async function measureClients(engine: Engine): Promise<{ readonly ours: number; readonly go: number }> {
  const env = { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', DOCKER_HOST: engine.host };
  const times: Record<'ours' | 'go', number[]> = { ours: [], go: [] };
  for (let round = 0; round <= 60; round++) {
    for (const [who, program] of [
      ['ours', join(DIST, 'docker')],
      ['go', client],
    ] as const) {
      const before = performance.now();
      const child = Bun.spawn([program, 'ps'], { env, stdout: 'ignore', stderr: 'inherit' });
      await child.exited;
      if (round > 0) times[who].push(performance.now() - before);
    }
  }
  return { ours: median(times.ours), go: median(times.go) };
}

function show(value: number | undefined): string {
  return value === undefined ? '–' : value.toFixed(value < 100 ? 1 : 0);
}

function ratioOf({ skiff, dockerd }: Medians): string {
  return skiff === undefined || dockerd === undefined ? '–' : (skiff / dockerd).toFixed(2);
}
