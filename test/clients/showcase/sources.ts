import { cpSync, lstatSync, lutimesSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';

export const FIXTURES = resolve(import.meta.dirname, '../../fixtures/showcase');

/** Not in the context. */
const OUR_FILES = ['prepare.sh', 'expected.json'];
const OLD_TIME = 1_000_000_000;

/** Copies a showcase to a folder, makes what git cannot keep, and gives everything the same time. */
export function prepareContext(name: string, folder: string): void {
  cpSync(join(FIXTURES, name), folder, { recursive: true });
  const script = join(folder, 'prepare.sh');
  const run = Bun.spawnSync(['bash', '-c', 'umask 022; if [ -e prepare.sh ]; then bash -eu prepare.sh; fi'], {
    cwd: folder,
  });
  if (run.exitCode !== 0) throw new Error(`${script}: ${run.stderr.toString()}`);
  for (const file of OUR_FILES) rmSync(join(folder, file), { force: true });
  age(folder);
}

function age(path: string): void {
  if (lstatSync(path).isDirectory()) for (const name of readdirSync(path)) age(join(path, name));
  lutimesSync(path, OLD_TIME, OLD_TIME);
}

/** What builds ask for: downloads, a repository and an agent; `close` ends them all. */
export interface Sources extends AsyncDisposable {
  /** `http://127.0.0.1:port`. */
  readonly web: string;
  /** `git://127.0.0.1:port/repo.git`. */
  readonly git: string;
  /** A socket. */
  readonly agent: string;
}

/** Serves them from below `root` on loopback. */
export async function serveSources(root: string): Promise<Sources> {
  const downloads = join(root, 'downloads');
  must(['bash', join(FIXTURES, 'downloads.sh'), downloads], root);
  const web = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    async fetch(request) {
      const file = Bun.file(join(downloads, new URL(request.url).pathname));
      if (!(await file.exists())) return new Response('not found', { status: 404 });
      return new Response(file, { headers: { 'last-modified': new Date(OLD_TIME * 1000).toUTCString() } });
    },
  });
  const agentPath = join(root, 'agent');
  const agent = createServer((socket) => socket.end());
  await new Promise<void>((done) => void agent.listen(agentPath, done));
  const git = await serveRepository(root);
  return {
    web: `http://127.0.0.1:${web.port}`,
    git: git.url,
    agent: agentPath,
    async [Symbol.asyncDispose]() {
      git.process.kill();
      await Promise.all([git.process.exited, web.stop(true), new Promise((done) => agent.close(done))]);
    },
  };
}

/** A repository with a tag and another branch, by git's own daemon. */
async function serveRepository(root: string): Promise<{ readonly url: string; readonly process: Bun.Subprocess }> {
  const work = join(root, 'work');
  mkdirSync(join(work, 'deep/folder'), { recursive: true });
  const write = (name: string, text: string): void => writeFileSync(join(work, name), text);
  write('top', 'top\n');
  write('deep/folder/file', 'one\n');
  write('deep/readme.md', 'read me\n');
  writeFileSync(join(work, 'deep/run'), '#!/bin/sh\n', { mode: 0o755 });
  const git = (...args: readonly string[]): void =>
    must(['git', '-c', 'user.name=t', '-c', 'user.email=t@localhost', '-c', 'init.defaultBranch=main', ...args], work);
  git('init', '-q');
  git('add', '.');
  git('commit', '-qm', 'first');
  git('tag', 'v1');
  git('checkout', '-qb', 'other');
  write('deep/folder/file', 'two\n');
  git('commit', '-qam', 'second');
  git('checkout', '-q', 'main');
  git('clone', '-q', '--bare', work, join(root, 'repo.git'));
  const port = await freePort();
  const flags = ['--reuseaddr', '--export-all', '--listen=127.0.0.1', `--port=${port}`, `--base-path=${root}`, root];
  const process = Bun.spawn(['/usr/lib/git-core/git-daemon', ...flags], { stdout: 'ignore', stderr: 'ignore' });
  const url = `git://127.0.0.1:${port}/repo.git`;
  const deadline = Date.now() + 20_000;
  while (Bun.spawnSync(['git', 'ls-remote', url]).exitCode !== 0) {
    if (Date.now() > deadline) throw new Error('git daemon does not answer');
    await Bun.sleep(50);
  }
  return { url, process };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  return typeof address === 'object' && address ? address.port : 0;
}

function must(argv: readonly string[], cwd: string): void {
  const env = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' };
  const { exitCode, stderr } = Bun.spawnSync([...argv], { cwd, env });
  if (exitCode !== 0) throw new Error(`${argv.join(' ')}: ${stderr.toString()}`);
}
