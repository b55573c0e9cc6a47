import { spawn } from 'node:child_process';
import { existsSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, KnownError, messageOf } from '../../lib/errors.ts';
import { shownUrl } from '../../lib/shown-url.ts';
import { resolveInRoot } from '../runtime/rooted-path.host.ts';
import type { Checkout, GitSource } from './remote-sources.ts';

/** Nothing of the machine's or a user's settings, hooks or credentials; no protocol that runs a program of the URL's choice. */
const ISOLATED = {
  PATH: process.env['PATH'] ?? '/usr/bin:/bin',
  HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_TERMINAL_PROMPT: '0',
  GIT_ASKPASS: '/bin/false',
  GIT_SSH_COMMAND: 'ssh -F /dev/null -o BatchMode=yes',
  GIT_ALLOW_PROTOCOL: 'http:https:git:ssh',
  LC_ALL: 'C',
};
const SETTINGS = [
  'protocol.allow=never',
  'protocol.http.allow=always',
  'protocol.https.allow=always',
  'protocol.git.allow=always',
  'protocol.ssh.allow=always',
  'core.hooksPath=/dev/null',
  'core.symlinks=true',
  'transfer.fsckObjects=true',
];

/** Clones only what is asked for: one commit, where the server gives it alone. Errors: see RemoteSources. */
export async function cloneRepository(
  source: GitSource,
  folder: string,
  { signal }: { readonly signal: AbortSignal },
): Promise<Checkout> {
  const git = async (...args: readonly string[]): Promise<string> => await runGit(args, folder, signal);
  await git('init', '-q', '.');
  await git('remote', 'add', '--', 'origin', source.remote);
  const commit = await fetchCommit(source, git);
  if (source.checksum !== '' && !commit.startsWith(source.checksum))
    throw new KnownError('invalid_parameter', `expected checksum to match ${source.checksum}, got ${commit}`);
  await git('checkout', '-q', '--detach', commit);
  if (source.submodules && existsSync(join(folder, '.gitmodules')))
    await git('submodule', 'update', '-q', '--init', '--recursive', '--depth=1');
  if (!source.keepGitDir) rmSync(join(folder, '.git'), { recursive: true, force: true });
  return { commit, path: subdirOf(folder, source) };
}

async function fetchCommit(
  { ref, remote }: GitSource,
  git: (...args: readonly string[]) => Promise<string>,
): Promise<string> {
  const isCommit = /^[0-9a-f]{7,64}$/.test(ref);
  try {
    await git('fetch', '-q', '--depth=1', '--no-tags', '--', 'origin', ref || 'HEAD');
    return (await git('rev-parse', '--verify', 'FETCH_HEAD^{commit}')).trim();
  } catch (error) {
    // a server that gives no commit by its name, or a short one: everything is fetched
    if (!isCommit) throw error;
  }
  await git('fetch', '-q', '--', 'origin', '+refs/heads/*:refs/remotes/origin/*', '+refs/tags/*:refs/tags/*');
  try {
    return (await git('rev-parse', '--verify', `${ref}^{commit}`)).trim();
  } catch (error) {
    throw new KnownError('invalid_parameter', `repository ${shownUrl(remote)} does not contain ref ${ref}`, {
      cause: error,
    });
  }
}

function subdirOf(folder: string, { subdir, remote }: GitSource): string {
  if (subdir === '') return folder;
  const path = resolveInRoot(folder, subdir);
  if (existsSync(path) && statSync(path).isDirectory()) return path;
  throw new KnownError('invalid_parameter', `invalid subdirectory of ${shownUrl(remote)}: ${subdir} is no folder`);
}

async function runGit(args: readonly string[], cwd: string, signal: AbortSignal): Promise<string> {
  const settings = SETTINGS.flatMap((setting) => ['-c', setting]);
  const child = spawn('git', [...settings, ...args], { cwd, env: ISOLATED, stdio: ['ignore', 'pipe', 'pipe'], signal });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (piece: Buffer) => (stdout = (stdout + piece.toString()).slice(-65_536)));
  child.stderr.on('data', (piece: Buffer) => (stderr = (stderr + piece.toString()).slice(-4096)));
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', (error) => reject(startError(error, signal)));
    child.once('close', resolve);
  });
  signal.throwIfAborted();
  if (status === 0) return stdout;
  throw new KnownError('unavailable', `git ${args[0]} ended with ${status}: ${stderr.trim()}`);
}

function startError(error: unknown, signal: AbortSignal): KnownError {
  if (signal.aborted) return new KnownError('cancelled', 'context canceled', { cause: error });
  if (errnoOf(error) === 'ENOENT')
    return new KnownError('not_implemented', 'git repositories need the program git, which is not installed');
  return new KnownError('system', `git: ${messageOf(error)}`, { cause: error });
}
