import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { wrapError } from '../../lib/errors.ts';
import { measureTree } from '../../lib/fs/measure-tree.ts';
import type { IdMapRange } from '../../lib/id-map.ts';
import type { BundlePaths, Bundles } from './bundle.ts';
import { ensureFolderInRoot, resolveInRoot } from './rooted-path.host.ts';

const RUN_ID_LENGTH = 24;
const EXEC_ID_LENGTH = 16;
/** A hostile image must not make the daemon read without bound. */
const ACCOUNTS_MAX_BYTES = 4 * 1024 * 1024;

/** Synchronous on purpose: a dozen small files on a tmpfs cost less than one turn of the thread pool. */
export function createBundles(deps: { readonly dataRoot: string; readonly execRoot: string }): Bundles {
  const keptRoot = join(deps.dataRoot, 'containers');
  const runRoot = join(deps.execRoot, 'c');
  mkdirSync(keptRoot, { recursive: true, mode: 0o710 });
  mkdirSync(runRoot, { recursive: true, mode: 0o711 });
  const paths = (id: string): BundlePaths => {
    const kept = join(keptRoot, id);
    const run = join(runRoot, id.slice(0, RUN_ID_LENGTH));
    return {
      kept,
      jsonLog: join(kept, `${id}-json.log`),
      cachedLog: join(kept, 'container.log'),
      logPlace: join(kept, 'log-place.json'),
      hosts: join(kept, 'hosts'),
      hostname: join(kept, 'hostname'),
      resolvConf: join(kept, 'resolv.conf'),
      run,
      rootfs: join(run, 'rootfs'),
      shm: join(run, 'shm'),
      monitor: join(run, 'm'),
      userns: join(run, 'userns'),
      stages: join(run, 'v'),
      secrets: join(run, 's'),
    };
  };
  const readSpec = (id: string): WrittenSpec =>
    JSON.parse(readFileSync(join(paths(id).run, 'config.json'), 'utf8')) as WrittenSpec;
  const haltedFile = (id: string): string => join(paths(id).run, 'halted');
  const execFolder = (id: string, execId: string): string => join(paths(id).run, 'x', execId.slice(0, EXEC_ID_LENGTH));
  return {
    paths,
    makeKept: (id) => void mkdirSync(paths(id).kept, { recursive: true, mode: 0o710 }),
    removeKept: (id) => rmSync(paths(id).kept, { recursive: true, force: true }),
    makeRun(id) {
      const { run, rootfs, monitor } = paths(id);
      rmSync(run, { recursive: true, force: true });
      mkdirSync(run, { mode: 0o711 });
      mkdirSync(rootfs);
      mkdirSync(monitor, { mode: 0o700 });
    },
    removeRun: (id) => removeTree(paths(id).run),
    listRuns: () => readdirSync(runRoot),
    listKept: () => readdirSync(keptRoot),
    writeSpec: (id, spec) => writeFileSync(join(paths(id).run, 'config.json'), JSON.stringify(spec), { mode: 0o600 }),
    writeEtc(id, { hosts, hostname, resolvConf }) {
      const at = paths(id);
      if (hosts !== undefined) writeFileSync(at.hosts, hosts);
      if (hostname !== undefined) writeFileSync(at.hostname, hostname);
      if (resolvConf !== undefined) writeResolvConf(at.resolvConf, resolvConf);
    },
    updateResolvConf(id, text) {
      const { resolvConf } = paths(id);
      if (hashOf(readText(resolvConf)) === readText(hashPathOf(resolvConf))) writeResolvConf(resolvConf, text);
    },
    readHost: () => ({
      hosts: readText('/etc/hosts'),
      resolvConf: readText('/etc/resolv.conf'),
      uplinkResolvConf: readText('/run/systemd/resolve/resolv.conf'),
    }),
    readAccounts: (id) => ({
      passwd: readText(resolveInRoot(paths(id).rootfs, '/etc/passwd')),
      group: readText(resolveInRoot(paths(id).rootfs, '/etc/group')),
    }),
    ensureInRoot: (id, path, owner) => ensureFolderInRoot(paths(id).rootfs, path, owner),
    hasFileInRoot: (id, path) =>
      lstatSync(resolveInRoot(paths(id).rootfs, path), { throwIfNoEntry: false })?.isDirectory() === false,
    setHalted(id, halted) {
      const path = haltedFile(id);
      if (halted) writeFileSync(path, '');
      else rmSync(path, { force: true });
    },
    isHalted: (id) => existsSync(haltedFile(id)),
    writeSecret(path, value, { uid, gid, mode }) {
      mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
      writeFileSync(path, value, { mode: 0o600 });
      chownSync(path, uid, gid);
      chmodSync(path, mode);
    },
    exists: (path) => existsSync(path),
    isFolder: (path) => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false,
    ownerOf(path) {
      const info = statSync(path, { throwIfNoEntry: false });
      return info && { uid: info.uid, gid: info.gid };
    },
    ensureFolder(path) {
      try {
        mkdirSync(path, { recursive: true });
      } catch (error) {
        throw wrapError(error, `error while creating mount source path '${path}'`);
      }
    },
    makeExec(id, execId, { process, record }) {
      const folder = execFolder(id, execId);
      const monitor = join(folder, 'm');
      const processFile = join(folder, 'process.json');
      mkdirSync(monitor, { recursive: true, mode: 0o700 });
      writeFileSync(processFile, JSON.stringify(process), { mode: 0o600 });
      writeFileSync(join(folder, 'exec.json'), JSON.stringify(record), { mode: 0o600 });
      return { monitor, processFile };
    },
    listExecs(id) {
      const folder = join(paths(id).run, 'x');
      if (!existsSync(folder)) return [];
      return readdirSync(folder).map((name) => ({
        name,
        record: readJson(join(folder, name, 'exec.json')),
        monitor: join(folder, name, 'm'),
      }));
    },
    removeExec: (id, execId) => removeTree(execFolder(id, execId)),
    readProcess: (id) => readSpec(id).process,
    readIdMap(id) {
      const { uidMappings, gidMappings } = readSpec(id).linux;
      if (!uidMappings || !gidMappings) return undefined;
      return { uids: uidMappings.map(toRange), gids: gidMappings.map(toRange) };
    },
    sizeBytes: async (path) => (await measureTree(path)).fileBytes,
  };
}

/** What of a bundle's config.json is read again. */
interface WrittenSpec {
  readonly process: Record<string, unknown>;
  readonly linux: { readonly uidMappings?: readonly SpecIdRange[]; readonly gidMappings?: readonly SpecIdRange[] };
}

interface SpecIdRange {
  readonly containerID: number;
  readonly hostID: number;
  readonly size: number;
}

function toRange({ containerID, hostID, size }: SpecIdRange): IdMapRange {
  return { disk: containerID, seen: hostID, count: size };
}

function writeResolvConf(path: string, text: string): void {
  writeFileSync(path, text);
  writeFileSync(hashPathOf(path), hashOf(text));
}

function hashPathOf(path: string): string {
  return `${path}.hash`;
}

function hashOf(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Empty when it is missing, no plain file, or too large to be what it should be. */
function readText(path: string): string {
  const info = statSync(path, { throwIfNoEntry: false });
  if (!info?.isFile() || info.size > ACCOUNTS_MAX_BYTES) return '';
  return readFileSync(path, 'utf8');
}

const REMOVE_TRIES = 100;

/** A monitor that is about to end may remove its files at the same time: a file that is gone ends Bun's `rmSync` early, without an error. */
function removeTree(folder: string): void {
  for (let tries = 0; tries < REMOVE_TRIES && existsSync(folder); tries++)
    rmSync(folder, { recursive: true, force: true });
}
