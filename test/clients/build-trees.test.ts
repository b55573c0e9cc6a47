/** The same Dockerfiles by Debian's dockerd (classic builder) and by ours: config and every file equal. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { chmodSync, linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { startDaemon, type TestDaemon } from '../helpers/daemon.ts';
import { findDockerCli, runCommand } from '../helpers/docker-cli.ts';
import { type DebianDaemon, startDebianDaemon } from './debian-daemon.ts';

let ours: TestDaemon;
let theirs: DebianDaemon;
const place = mkdtempSync('/tmp/skb-');

beforeAll(async () => {
  [ours, theirs] = await Promise.all([startDaemon(), startDebianDaemon()]);
}, 120_000);
afterAll(async () => {
  rmSync(place, { recursive: true });
  await Promise.all([ours.stop(), theirs[Symbol.asyncDispose]()]);
}, 120_000);

const FILES = [
  'a.txt',
  'b.txt',
  'dir/one',
  'dir/two',
  'dir/deep/three',
  'run.sh',
  'passwd.add',
  'w1.log',
  'w2.log',
  'w[3].log',
];

function makeContext(name: string, dockerfile: string): string {
  const folder = join(place, name);
  for (const path of FILES) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), `content of ${path}\n`);
    utimesSync(join(folder, path), 1_000_000_000, 1_000_000_000);
  }
  chmodSync(join(folder, 'run.sh'), 0o751);
  chmodSync(join(folder, 'dir/deep'), 0o700);
  linkSync(join(folder, 'dir/one'), join(folder, 'dir/hard'));
  symlinkSync('one', join(folder, 'dir/soft'));
  symlinkSync('/etc/passwd', join(folder, 'dir/out'));
  symlinkSync('a.txt', join(folder, 'link'));
  symlinkSync('dir', join(folder, 'dirlink'));
  Bun.spawnSync(['tar', '-C', folder, '-czf', join(folder, 'packed.tgz'), 'dir', 'a.txt']);
  Bun.spawnSync(['tar', '-C', folder, '-cJf', join(folder, 'named.txt'), 'b.txt']);
  for (const path of ['dir/deep', 'dir', '.']) utimesSync(join(folder, path), 1_000_000_000, 1_000_000_000);
  writeFileSync(join(folder, 'Dockerfile'), dockerfile);
  writeFileSync(join(folder, '.dockerignore'), 'Dockerfile\n.dockerignore\n*.tar\n');
  return folder;
}

async function on(host: string, args: readonly string[]): Promise<string> {
  const env = { DOCKER_HOST: host, DOCKER_CONFIG: join(place, 'config'), DOCKER_BUILDKIT: '0' };
  const { exitCode, stdout, stderr } = await runCommand([findDockerCli().path, ...args], { env });
  if (exitCode !== 0) throw new Error(`docker ${args.join(' ')}: ${stdout}${stderr}`);
  return stdout;
}

/** Path, type, mode, owner, size, number of names, time of what COPY brings, link and content of everything. */
async function treeOf(host: string, image: string, timed: boolean): Promise<string> {
  const script = `cd / && find . -xdev \\( -path ./proc -o -path ./sys -o -path ./dev -o -path ./etc/hosts -o -path ./etc/hostname -o -path ./etc/resolv.conf -o -path ./.dockerenv -o -path ./etc/mtab -o -path ./bin \\) -prune -o -print | sort | while read -r f; do
  if [ -L "$f" ]; then echo "$(stat -c '%n %F %u:%g' "$f") -> $(readlink "$f")"
  elif [ -f "$f" ]; then echo "$(stat -c '%n %F %a %u:%g %s %h${timed ? ' %Y' : ''}' "$f") $(md5sum < "$f")"
  else stat -c '%n %F %a %u:%g' "$f"; fi; done`;
  return await on(host, ['run', '--rm', '--entrypoint', 'sh', '-u', '0', image, '-c', script]);
}

async function configOf(host: string, image: string): Promise<object> {
  const [{ Config }] = JSON.parse(await on(host, ['inspect', image])) as [{ Config: Record<string, unknown> }];
  // the classic builder leaves what its last container was called, and nulls
  const {
    Hostname: _hostname,
    Image: _image,
    AttachStdin: _in,
    AttachStdout: _out,
    AttachStderr: _err,
    ...rest
  } = Config;
  const skipped = new Set(['Tty', 'OpenStdin', 'StdinOnce', 'Domainname', 'ArgsEscaped']);
  return Object.fromEntries(
    Object.entries(rest).filter(
      ([name, value]) => !skipped.has(name) && value !== null && value !== '' && value !== false,
    ),
  );
}

const CASES: Readonly<Record<string, string>> = {
  'files, folders and links':
    'COPY a.txt /x/\nCOPY a.txt b.txt /y/\nCOPY dir /d\nCOPY dir/ /e/\nCOPY link /l/\nCOPY link /m\n',
  'a folder onto one that is there': 'RUN mkdir -p /d/deep /d/old && echo old > /d/one && chmod 711 /d\nCOPY dir /d/\n',
  wildcards: 'COPY w*.log /w/\nCOPY ?.txt /q/\nCOPY dir/t* /r/\n',
  'the whole context': 'WORKDIR /all\nCOPY . .\n',
  'owners and modes':
    "RUN echo 'joe:x:1234:77::/:/bin/sh' >> /etc/passwd && echo 'team:x:99:' >> /etc/group\nCOPY --chown=joe:team dir /d\nCOPY --chown=1234:99 a.txt /new/deep/f\nCOPY --chown=5:6 run.sh /s\n",
  'archives by content': 'ADD packed.tgz /p/\nADD named.txt /n/\nADD a.txt /t/\nCOPY packed.tgz /c/\n',
  'links of the destination':
    'RUN mkdir /real && ln -s /real /soft && ln -s /real/file /filelink\nCOPY a.txt /soft/\nCOPY dir /soft/sub\nCOPY b.txt /filelink\n',
  'what steps change and remove':
    'COPY dir /d\nRUN rm /d/one && mv /d/deep /moved && echo x >> /d/two && ln /d/two /d/three\nRUN rm -rf /moved && mkdir /moved && echo n > /moved/n\n',
  stages:
    'RUN mkdir /out && echo built > /out/f && ln -s f /out/l && chown -R 3:4 /out\nFROM busybox\nCOPY --from=0 /out /o\nCOPY --from=0 /out/l /single\nCOPY --from=busybox /etc/passwd /from-image\n',
  'folders of WORKDIR and config':
    'ENV A=b\nWORKDIR /w/x\nWORKDIR y\nRUN pwd > p\nUSER 7\nLABEL k=v\nEXPOSE 80\nVOLUME /v\nENTRYPOINT ["a"]\nCMD ["b"]\nSTOPSIGNAL 9\nHEALTHCHECK --interval=5s CMD true\n',
};

for (const [title, steps] of Object.entries(CASES))
  test(`both build the same: ${title}`, async () => {
    const name = title.toLowerCase().replace(/\W+/g, '-');
    const folder = makeContext(name, `FROM busybox\n${steps}`);
    const tag = `same-${name}`;
    for (const host of [ours.host, theirs.host]) await on(host, ['build', '-q', '-t', tag, folder]);
    const timed = !/\b(?:RUN|ADD)\b/.test(steps);
    const [mine, other] = await Promise.all([treeOf(ours.host, tag, timed), treeOf(theirs.host, tag, timed)]);
    expect(mine.split('\n')).toEqual(other.split('\n'));
    expect(await configOf(ours.host, tag)).toEqual(await configOf(theirs.host, tag));
  }, 120_000);
