import { KnownError } from '../../src/lib/errors.ts';
import { BUSYBOX_CONFIG, type BusyboxProgram, busyboxRoot } from './busybox.ts';
import { collectLibraries } from './libraries.ts';
import { NGINX_BINARY, nginxConfig, nginxRoot } from './nginx.ts';
import {
  type Candidate,
  candidates,
  ensureCandidates,
  imageArchitecture,
  installedProgram,
  installedVersion,
  run,
  type Unpacked,
  unpackPackage,
} from './packages.host.ts';
import { type Recipe, upstreamVersion } from './recipe.ts';
import { type FileTree, mergeTrees } from './tree.ts';

const SHELL_PACKAGE = 'busybox-static';

const busybox: Recipe = {
  name: 'busybox',
  make() {
    const version = installedVersion(SHELL_PACKAGE);
    const { program, dateSeconds } = readBusybox();
    return {
      image: {
        root: busyboxRoot(program),
        config: BUSYBOX_CONFIG,
        architecture: imageArchitecture(),
        createdSeconds: createdSeconds(dateSeconds),
        name: 'busybox',
        tags: [upstreamVersion(version), 'latest'],
        createdBy: `${SHELL_PACKAGE} ${version}`,
      },
      packages: { [SHELL_PACKAGE]: version },
    };
  },
  currentVersions: () => new Map([[SHELL_PACKAGE, installedVersion(SHELL_PACKAGE)]]),
};

const nginx: Recipe = {
  name: 'nginx',
  make() {
    const versions = new Map([[SHELL_PACKAGE, installedVersion(SHELL_PACKAGE)]]);
    const fetch = (chosen: Candidate): Unpacked => {
      versions.set(chosen.name, chosen.version);
      return unpackPackage(chosen);
    };
    const chosen = ensureCandidates(['nginx', 'nginx-common']);
    const [server, shared] = ['nginx', 'nginx-common'].flatMap((name) => chosen.get(name) ?? []).map(fetch);
    if (server === undefined || shared === undefined) throw new KnownError('not_found', 'no package nginx');
    const files = mergeTrees(shared.files, server.files);
    const binary = files.get(NGINX_BINARY);
    if (binary?.kind !== 'file') throw new KnownError('not_found', `package nginx has no /${NGINX_BINARY}`);
    const version = versions.get('nginx') ?? '';
    const root = nginxRoot({
      packages: files,
      libraries: collectLibraries(binary.content, libraryPackages(server.depends, fetch)),
      busybox: readBusybox().program,
    });
    return {
      image: {
        root,
        config: nginxConfig(upstreamVersion(version)),
        architecture: imageArchitecture(),
        createdSeconds: createdSeconds(server.dateSeconds),
        name: 'nginx',
        tags: [upstreamVersion(version), 'latest'],
        createdBy: [...versions].map((pair) => pair.join(' ')).join(', '),
      },
      packages: Object.fromEntries(versions),
    };
  },
  currentVersions(names) {
    const versions = Array.from(candidates(names).values(), ({ name, version }) => [name, version] as const);
    return new Map([...versions, [SHELL_PACKAGE, installedVersion(SHELL_PACKAGE)]]);
  },
};

export const RECIPES: readonly Recipe[] = [busybox, nginx];

/** The library packages below these dependencies, nearest first, each fetched when it is its turn. */
function* libraryPackages(names: readonly string[], fetch: (chosen: Candidate) => Unpacked): Generator<FileTree> {
  const seen = new Set<string>();
  for (let level = names; level.length > 0; ) {
    const found = candidates(level);
    const next: string[] = [];
    for (const name of level) {
      const chosen = found.get(name);
      if (seen.has(name) || chosen?.section !== 'libs') continue;
      seen.add(name);
      const { files, depends } = fetch(chosen);
      next.push(...depends);
      yield files;
    }
    level = next;
  }
}

/** The installed static busybox: set-up has put it there for the tests as well. */
function readBusybox(): { readonly program: BusyboxProgram; readonly dateSeconds: number } {
  const { path, content, dateSeconds } = installedProgram(SHELL_PACKAGE, 'busybox');
  const applets = run([path, '--list']).toString().trim().split('\n');
  return { program: { binary: content, applets }, dateSeconds };
}

/** https://reproducible-builds.org/specs/source-date-epoch/. Errors: invalid_parameter. */
function createdSeconds(packageDate: number): number {
  const given = process.env['SOURCE_DATE_EPOCH'];
  if (given === undefined || given === '') return packageDate;
  if (!/^\d{1,11}$/.test(given)) throw new KnownError('invalid_parameter', `invalid SOURCE_DATE_EPOCH: ${given}`);
  return Number(given);
}
