/** ADD and contexts from URLs and git repositories, from servers on loopback. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { startDaemon, type TestDaemon } from '../../helpers/daemon.ts';
import { type BuildAnswer, buildFolder, postBuild } from './build-folder.ts';

let daemon: TestDaemon;
let web: ReturnType<typeof Bun.serve>;
let git: Bun.Subprocess;
let gitUrl: string;
let folders = 0;
/** What the web server gives, by path, and how often it gave it whole. */
const pages = new Map<string, { readonly body: string | Buffer; readonly headers: Record<string, string> }>();
const given = new Map<string, number>();
const asked: Request[] = [];

beforeAll(async () => {
  daemon = await startDaemon();
  web = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: answer });
  gitUrl = await serveRepository();
}, 120_000);
afterAll(async () => {
  await web.stop(true);
  git.kill();
  await git.exited;
  await daemon.stop();
}, 120_000);

function answer(request: Request): Response {
  asked.push(request);
  const { pathname } = new URL(request.url);
  const page = pages.get(pathname);
  if (!page) return new Response('nothing', { status: 404 });
  if (page.headers['etag'] && request.headers.get('if-none-match') === page.headers['etag'])
    return new Response(null, { status: 304 });
  given.set(pathname, (given.get(pathname) ?? 0) + 1);
  return new Response(page.body, { headers: page.headers });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}

function sh(cwd: string, ...argv: readonly string[]): string {
  const env = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_ALLOW_PROTOCOL: 'file' };
  const names = ['-c', 'user.name=t', '-c', 'user.email=t@localhost', '-c', 'init.defaultBranch=main'];
  const { exitCode, stdout, stderr } = Bun.spawnSync(['git', ...names, ...argv], { cwd, env });
  if (exitCode !== 0) throw new Error(`git ${argv.join(' ')}: ${stderr.toString()}`);
  return stdout.toString().trim();
}

/** A repository with a branch, a tag, a folder and a submodule. */
async function serveRepository(): Promise<string> {
  const base = join(daemon.root, 'git');
  const port = await freePort();
  const url = `git://127.0.0.1:${port}/repo.git`;
  for (const name of ['sub', 'repo']) mkdirSync(join(base, name), { recursive: true });
  writeFileSync(join(base, 'sub/inner'), 'of the submodule');
  writeFileSync(join(base, 'repo/Dockerfile'), 'FROM busybox\nCOPY . /all/\n');
  mkdirSync(join(base, 'repo/deep'));
  writeFileSync(join(base, 'repo/deep/file'), 'one');
  writeFileSync(join(base, 'repo/deep/Dockerfile'), 'FROM busybox\nCOPY file /only\n');
  const [sub, repo] = [join(base, 'sub'), join(base, 'repo')];
  for (const place of [sub, repo]) {
    sh(place, 'init', '-q');
    sh(place, 'add', '.');
    sh(place, 'commit', '-qm', 'first');
  }
  sh(base, 'clone', '-q', '--bare', sub, 'sub.git');
  const argv = ['daemon', '--reuseaddr', '--export-all', '--listen=127.0.0.1', `--port=${port}`, `--base-path=${base}`];
  git = Bun.spawn(['/usr/lib/git-core/git-daemon', ...argv.slice(1), base], { stdout: 'ignore', stderr: 'ignore' });
  sh(repo, 'tag', 'v1');
  sh(repo, 'checkout', '-qb', 'other');
  writeFileSync(join(repo, 'deep/file'), 'two');
  // the address is the server's, the files are the local ones
  sh(repo, '-c', 'protocol.file.allow=always', 'submodule', 'add', '-q', sub, 'mod');
  sh(repo, 'config', '-f', '.gitmodules', 'submodule.mod.url', `git://127.0.0.1:${port}/sub.git`);
  sh(repo, 'commit', '-qam', 'second');
  sh(repo, 'checkout', '-q', 'main');
  sh(base, 'clone', '-q', '--bare', repo, 'repo.git');
  const deadline = Date.now() + 20_000;
  while (Bun.spawnSync(['git', 'ls-remote', url]).exitCode !== 0) {
    if (Date.now() > deadline) throw new Error('git daemon does not answer');
    await Bun.sleep(50);
  }
  return url;
}

async function build(dockerfile: string, query: Record<string, string> = {}): Promise<BuildAnswer> {
  const folder = join(daemon.root, `remote-${++folders}`);
  mkdirSync(folder);
  writeFileSync(join(folder, 'Dockerfile'), dockerfile);
  return await buildFolder(daemon, folder, query);
}

const inImage = async (image: string, command: string): Promise<string> =>
  await daemon.ok(['run', '--rm', image, 'sh', '-c', command]);

describe('ADD from a URL', () => {
  test('mode 0600, time of Last-Modified, name of the URL; the server is asked whether it is the same', async () => {
    const headers = { 'last-modified': 'Sun, 09 Sep 2001 01:46:40 GMT', etag: '"one"' };
    pages.set('/files/a.txt', { body: 'text', headers });
    const dockerfile = `FROM busybox\nADD http://127.0.0.1:${web.port}/files/a.txt?x=1 /in/\n`;
    expect((await build(dockerfile, { t: 'url' })).error).toBeUndefined();
    expect(await inImage('url', "cat /in/a.txt; stat -c ' %a %u:%g %Y' /in/a.txt")).toBe('text 600 0:0 1000000000');
    const again = await build(dockerfile);
    expect([again.text.includes('Using cache'), given.get('/files/a.txt')]).toEqual([true, 1]);
    pages.set('/files/a.txt', { body: 'changed', headers: { ...headers, etag: '"two"' } });
    expect((await build(dockerfile, { t: 'url' })).text).not.toContain('Using cache');
    expect(await inImage('url', 'cat /in/a.txt')).toBe('changed');
  }, 60_000);

  test('a checksum is checked, an archive is kept as it is unless --unpack says so', async () => {
    const folder = join(daemon.root, 'packed');
    mkdirSync(folder);
    writeFileSync(join(folder, 'inside'), 'packed');
    const body = Bun.spawnSync(['tar', '-C', folder, '-czf', '-', 'inside']).stdout;
    pages.set('/t.tgz', { body, headers: {} });
    const url = `http://127.0.0.1:${web.port}/t.tgz`;
    const digest = createHash('sha256').update(body).digest('hex');
    const dockerfile = `FROM busybox\nADD --checksum=sha256:${digest} ${url} /kept/\nADD --unpack=true ${url} /un/\n`;
    expect((await build(dockerfile, { t: 'sum' })).error).toBeUndefined();
    expect(await inImage('sum', 'ls /kept; cat /un/inside')).toBe('t.tgz\npacked');
    const wrong = await build(`FROM busybox\nADD --checksum=sha256:${'0'.repeat(64)} ${url} /x\n`);
    expect(wrong.error).toContain('digest mismatch');
    expect((await build(`FROM busybox\nADD http://127.0.0.1:${web.port}/nowhere /x\n`)).error).toContain(
      'invalid response status 404',
    );
  }, 60_000);
});

describe('a git repository', () => {
  test('is added with its submodules and without .git; branch, tag, folder and commit are met', async () => {
    const dockerfile = `FROM busybox
ADD ${gitUrl}#other /other/
ADD ${gitUrl}#v1:deep /deep/
ADD --keep-git-dir=true ${gitUrl}?branch=other&submodules=false /kept/
`;
    expect((await build(dockerfile, { t: 'git' })).error).toBeUndefined();
    expect(
      await inImage(
        'git',
        'cat /other/deep/file /other/mod/inner /deep/file; ls -A /deep /kept/mod; ls -A /kept | head -1',
      ),
    ).toBe('twoof the submoduleone/deep:\nDockerfile\nfile\n\n/kept/mod:\n.git');
    const wrong = await build(`FROM busybox\nADD --checksum=${'0'.repeat(40)} ${gitUrl} /x\n`);
    expect(wrong.error).toContain('expected checksum to match');
    expect((await build(`FROM busybox\nADD ${gitUrl}#missing /x\n`)).error).toContain('missing');
  }, 60_000);

  test('is a context', async () => {
    const { error } = await postBuild(daemon, undefined, { remote: `${gitUrl}#v1:deep`, t: 'gitctx' });
    expect(error).toBeUndefined();
    expect(await inImage('gitctx', 'cat /only')).toBe('one');
  }, 60_000);

  test('no protocol that runs programs, no option for git', async () => {
    const refused = ['git://127.0.0.1:1/--upload-pack=x.git#--exec', 'https://127.0.0.1:1/x.git?evil=1'];
    for (const remote of refused) expect((await postBuild(daemon, undefined, { remote })).error).toBeDefined();
    expect((await postBuild(daemon, undefined, { remote: 'ext::sh -c touch% /tmp/x' })).error).toContain(
      'neither a URL',
    );
  }, 60_000);
});

test('a URL is a context: an archive, or the text of a Dockerfile', async () => {
  const folder = join(daemon.root, 'context-by-url');
  mkdirSync(folder);
  writeFileSync(join(folder, 'Dockerfile'), 'FROM busybox\nCOPY f /f\n');
  writeFileSync(join(folder, 'f'), 'by url');
  pages.set('/ctx.tar.gz', { body: Bun.spawnSync(['tar', '-C', folder, '-czf', '-', '.']).stdout, headers: {} });
  pages.set('/Dockerfile.txt', { body: 'FROM busybox\nRUN echo alone > /f\n', headers: {} });
  const base = `http://127.0.0.1:${web.port}`;
  expect((await postBuild(daemon, undefined, { remote: `${base}/ctx.tar.gz`, t: 'ctx:1' })).error).toBeUndefined();
  expect((await postBuild(daemon, undefined, { remote: `${base}/Dockerfile.txt`, t: 'ctx:2' })).error).toBeUndefined();
  expect([await inImage('ctx:1', 'cat /f'), await inImage('ctx:2', 'cat /f')]).toEqual(['by url', 'alone']);
}, 60_000);
