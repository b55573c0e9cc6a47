import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KnownError } from '../../src/lib/errors.ts';
import type { TarHeader } from '../../src/lib/tar/header.ts';
import { createTarParser } from '../../src/lib/tar/parser.ts';
import type { FileTree, TreeNode } from './tree.ts';

/** What apt would install. */
export interface Candidate {
  readonly name: string;
  readonly version: string;
  /** Archive section, `libs` for shared libraries. */
  readonly section: string;
}

/** A package's content. */
export interface Unpacked {
  readonly files: FileTree;
  /** Names in its Depends, the first of each alternative. */
  readonly depends: readonly string[];
  /** Seconds since the epoch: the newest file. */
  readonly dateSeconds: number;
}

/** Runs a program. Errors: system with the command, its status and what it said. */
export function run(argv: readonly string[], cwd = '/'): Buffer {
  const done = Bun.spawnSync([...argv], { cwd, env: { ...process.env, LC_ALL: 'C' } });
  if (done.exitCode === 0) return done.stdout;
  const said = done.stderr.toString().trim().slice(-4096);
  throw new KnownError('system', `${argv.join(' ')}: exit status ${done.exitCode}: ${said}`);
}

/** Debian's name of this machine's architecture as Go and images call it. Errors: not_implemented. */
export function imageArchitecture(): string {
  const name = run(['dpkg', '--print-architecture']).toString().trim();
  const known = new Map([
    ['amd64', 'amd64'],
    ['arm64', 'arm64'],
    ['ppc64el', 'ppc64le'],
    ['riscv64', 'riscv64'],
    ['s390x', 's390x'],
  ]).get(name);
  if (known === undefined) throw new KnownError('not_implemented', `base images are not made for ${name}`);
  return known;
}

/** Errors: not_found when it is not installed. */
export function installedVersion(name: string): string {
  const found = Bun.spawnSync(['dpkg-query', '-W', '-f=${Version}', name]);
  const version = found.stdout.toString().trim();
  if (found.exitCode === 0 && version !== '') return version;
  throw new KnownError('not_found', `package ${name} is not installed: run \`npm run setup\` as root first`);
}

/** An installed program of a package with its date (seconds), which dpkg keeps as it was packed. Errors: not_found. */
export function installedProgram(
  name: string,
  program: string,
): { path: string; content: Buffer; dateSeconds: number } {
  const path = run(['dpkg-query', '-L', name])
    .toString()
    .split('\n')
    .find((line) => line.endsWith(`/${program}`));
  if (path === undefined) throw new KnownError('not_found', `package ${name} has no ${program}`);
  return { path, content: readFileSync(path), dateSeconds: Math.floor(statSync(path).mtimeMs / 1000) };
}

/** What apt's lists say now, by name; names that only others provide are left out. */
export function candidates(names: readonly string[]): ReadonlyMap<string, Candidate> {
  const shown = Bun.spawnSync(['apt-cache', 'show', '--no-all-versions', ...names], {
    env: { ...process.env, LC_ALL: 'C' },
  });
  const found = new Map<string, Candidate>();
  for (const paragraph of shown.stdout.toString().split('\n\n')) {
    const field = (key: string): string => new RegExp(`^${key}: (.*)$`, 'm').exec(paragraph)?.[1]?.trim() ?? '';
    const [name, version] = [field('Package'), field('Version')];
    if (name !== '' && version !== '')
      found.set(name, { name, version, section: field('Section').split('/').at(-1) ?? '' });
  }
  return found;
}

/** As `candidates`, but fills apt's lists when they lack a name, as on a machine that has just been set up. Errors: not_found. */
export function ensureCandidates(names: readonly string[]): ReadonlyMap<string, Candidate> {
  let found = candidates(names);
  if (names.some((name) => !found.has(name))) {
    run(['apt-get', 'update', '-qq']);
    found = candidates(names);
  }
  const missing = names.find((name) => !found.has(name));
  if (missing !== undefined) throw new KnownError('not_found', `no package ${missing} in apt's sources`);
  return found;
}

/** Fetches a package without installing it. Errors: system. */
export function unpackPackage({ name, version }: Candidate): Unpacked {
  const folder = mkdtempSync(join(tmpdir(), 'images-'));
  try {
    run(['apt-get', 'download', '-qq', '-o', 'APT::Sandbox::User=root', `${name}=${version}`], folder);
    const file = readdirSync(folder).find((entry) => entry.endsWith('.deb'));
    if (file === undefined) throw new KnownError('system', `apt-get download ${name} left no file`);
    const depends = run(['dpkg-deb', '-f', file, 'Pre-Depends', 'Depends'], folder).toString();
    return { ...readTar(run(['dpkg-deb', '--fsys-tarfile', file], folder)), depends: dependsNames(depends) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** `Depends: a (>= 1), b | c` with continuation fields -> a, b. */
function dependsNames(fields: string): readonly string[] {
  return fields
    .replace(/^[\w-]+: /gm, '')
    .split(/[,\n]/)
    .map((clause) => /^\s*([a-z0-9][a-z0-9+.-]*)/.exec(clause)?.[1])
    .filter((name) => name !== undefined);
}

function readTar(archive: Uint8Array): { readonly files: FileTree; readonly dateSeconds: number } {
  const files = new Map<string, TreeNode>();
  let dateSeconds = 0;
  let header: TarHeader | undefined;
  let pieces: Buffer[] = [];
  const parser = createTarParser({
    entry: (next) => {
      header = next;
      pieces = [];
    },
    data: (piece) => void pieces.push(Buffer.from(piece)),
    hole: (sizeBytes) => void pieces.push(Buffer.alloc(sizeBytes)),
    entryEnd: () => {
      if (header === undefined) return;
      const path = header.name.replace(/^\.\/|\/$/g, '').replace(/\/$/, '');
      const node = nodeOf(header, pieces);
      if (path !== '' && path !== '.' && node !== undefined) files.set(path, node);
      dateSeconds = Math.max(dateSeconds, Math.floor(header.mtime));
    },
  });
  parser.write(archive);
  parser.end();
  return { files, dateSeconds };
}

function nodeOf(header: TarHeader, pieces: readonly Buffer[]): TreeNode | undefined {
  if (header.type === 'file') return { kind: 'file', content: Buffer.concat([...pieces]), mode: header.mode };
  if (header.type === 'directory') return { kind: 'directory', mode: header.mode };
  if (header.type === 'symlink') return { kind: 'symlink', target: header.linkName };
  if (header.type === 'link') return { kind: 'hardLink', target: header.linkName.replace(/^\.\//, '') };
  return undefined;
}
