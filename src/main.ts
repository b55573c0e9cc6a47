/**
 * One program under two names: `docker` and `dockerd`, by the name it was started with or by its first argument. What the other
 * one needs is not loaded.
 */
const PROGRAMS = ['docker', 'dockerd'];

/** Inside the executable sources have no folder, so the monitor is found from where the executable is: dist/ of the repository. */
const COMPILED = process.argv[1]?.startsWith('/$bunfs/') ?? false;

async function start(name: string, argv: readonly string[]): Promise<number> {
  if (name === 'dockerd' && COMPILED) process.env['SKIFF_MONITOR_DIR'] ??= resolveMonitor();
  if (name === 'dockerd') return await (await import('./daemon/main.ts')).main(argv);
  return await (await import('./cli/main.ts')).main(argv);
}

/** `<root>/monitor/build` of `<root>/dist/skiff`. */
function resolveMonitor(): string {
  return process.execPath.replace(/\/[^/]*\/[^/]*$/, '/monitor/build');
}

const called = process.argv0.slice(process.argv0.lastIndexOf('/') + 1);
const [, , ...rest] = process.argv;
const [first = ''] = rest;
const byArgument = !PROGRAMS.includes(called) && PROGRAMS.includes(first);

start(byArgument ? first : called, byArgument ? rest.slice(1) : rest).then(
  (status) => process.exit(status),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
