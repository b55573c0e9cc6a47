/**
 * `npm run build`: one executable, dist/skiff, that is `docker` or `dockerd` by the name it is started with. Sources are compiled to
 * bytecode ahead of time, in chunks that load when they are first needed; nothing of the folder it runs in (.env, bunfig, package.json) is
 * read. Built twice: the first one lists a `docker ps` what it needs, the second one lays that out together.
 */
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '..');
const DIST = join(ROOT, 'dist');
const SRC = join(ROOT, 'src');
const OPTIONS = [
  '--compile',
  '--bytecode',
  '--minify',
  '--format=esm',
  '--splitting',
  '--min-chunk-size=16384',
  '--entry-naming=[name].[ext]',
  '--compile-exec-argv=--smol', // half the resident size for the daemon, no slower
  ...['dotenv', 'bunfig', 'package-json'].map((name) => `--no-compile-autoload-${name}`),
];

/** Threads are started by the path of their file, so each is an entry of its own. */
function entries(): readonly string[] {
  const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' });
  const workers = files.filter((name) => name.endsWith('.worker.ts'));
  return ['main.ts', ...workers].map((name) => `./${relative(ROOT, join(SRC, name))}`);
}

function build(outFile: string, more: readonly string[] = []): void {
  const argv = [process.execPath, 'build', ...OPTIONS, ...more, ...entries(), '--outfile', outFile];
  const { success } = Bun.spawnSync(argv, { cwd: ROOT, stdout: 'inherit', stderr: 'inherit' });
  if (!success) process.exit(1);
}

/** Runs `docker ps` against a daemon without containers; the program writes to `orderFile` what it needed. */
async function recordOrder(program: string, scratch: string, orderFile: string): Promise<void> {
  const socket = join(scratch, 'docker.sock');
  const server = Bun.serve({ unix: socket, fetch: () => Response.json([]) });
  const child = Bun.spawn([program, 'docker', 'ps'], {
    env: { DOCKER_HOST: `unix://${socket}`, HOME: scratch, BUN_BYTECODE_ORDER_OUT: orderFile },
    stdout: 'ignore',
    stderr: 'inherit',
  });
  const status = await child.exited;
  await server.stop(true);
  if (status !== 0) process.exit(1);
}

mkdirSync(DIST, { recursive: true });
const scratch = mkdtempSync(join(tmpdir(), 'skiff-build-'));
try {
  const [first, order, last] = ['first', 'order', 'skiff'].map((name) => join(scratch, name)) as [
    string,
    string,
    string,
  ];
  build(first);
  await recordOrder(first, scratch, order);
  build(last, [`--bytecode-order=${order}`]);
  const fresh = join(DIST, `skiff.${process.pid}`);
  await Bun.write(fresh, Bun.file(last));
  chmodSync(fresh, 0o755);
  renameSync(fresh, join(DIST, 'skiff'));
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
for (const name of ['docker', 'dockerd']) {
  rmSync(join(DIST, name), { force: true });
  symlinkSync('skiff', join(DIST, name));
}
