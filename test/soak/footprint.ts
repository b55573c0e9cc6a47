import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { TestDaemon } from '../helpers/daemon.ts';
import { linksOf } from '../helpers/leftovers.ts';

/** Below these everything is a container's, a network's, a volume's or a build's; what keeps records, layers and content grows by itself. */
const FOLDERS = ['e', 'd/containers', 'd/writable', 'd/volumes'];
const MOST_FILES_DEEP = 3;

/** Everything that a daemon has of the machine by now, a line each, sorted: for comparing one moment with another. */
export function footprintOf(
  { root, bridge, pid }: TestDaemon,
  cgroupParent = `/skt-${root.slice('/tmp/skt-'.length)}`,
) {
  return [
    ...linksOf(bridge).map((link) => `link ${link}`),
    ...mountsBelow(root).map((path) => `mount ${path}`),
    ...rulesOf(bridge).map((rule) => `rule ${rule}`),
    ...cgroupsBelow(cgroupParent).map((path) => `cgroup ${path}`),
    ...processesNaming(root)
      .filter((other) => other !== pid)
      .map((other) => `process ${commandLine(other)}`),
    ...FOLDERS.flatMap((folder) => filesBelow(join(root, folder), MOST_FILES_DEEP)).map((path) => `file ${path}`),
  ].toSorted();
}

/** Lines of `after` that `before` has not, as often as it has them too many. */
export function newIn(before: readonly string[], after: readonly string[]): readonly string[] {
  const left = new Map<string, number>();
  for (const line of before) left.set(line, (left.get(line) ?? 0) + 1);
  return after.filter((line) => {
    const known = left.get(line) ?? 0;
    left.set(line, known - 1);
    return known <= 0;
  });
}

/** What a process holds. */
export interface Usage {
  /**
   * Anonymous memory (proc_pid_smaps(5), smaps_rollup). Pages of the executable are not counted: they are the machine's, and a process's share
   * of them depends on who else runs.
   */
  readonly memoryKiB: number;
  readonly descriptors: number;
  readonly threads: number;
  /** Children that live, and those that nobody has waited for. */
  readonly children: number;
}

export function usageOf(pid: number): Usage {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  return {
    memoryKiB: Number(/^Anonymous:\s+(\d+)/m.exec(rollup)?.[1] ?? 0),
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    threads: readdirSync(`/proc/${pid}/task`).length,
    children: childrenOf(pid).length,
  };
}

/** What the open files of a process are, numbers of sockets and pipes left out, each with how many there are. */
export function descriptorsOf(pid: number): readonly string[] {
  const counts = new Map<string, number>();
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    const target = readLink(`/proc/${pid}/fd/${fd}`).replace(/\d{3,}/g, 'N');
    counts.set(target, (counts.get(target) ?? 0) + 1);
  }
  return [...counts].map(([target, count]) => `${count} × ${target}`);
}

function childrenOf(pid: number): readonly number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    (read(`/proc/${pid}/task/${task}/children`) ?? '').split(' ').filter(Boolean).map(Number),
  );
}

function mountsBelow(root: string): readonly string[] {
  return (read('/proc/self/mountinfo') ?? '')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((path) => path.startsWith(root));
}

function rulesOf(bridge: string): readonly string[] {
  return Bun.spawnSync(['nft', 'list', 'tables'])
    .stdout.toString()
    .split('\n')
    .filter((line) => line.endsWith(`_${bridge}`))
    .flatMap((table) =>
      Bun.spawnSync(['nft', 'list', ...table.split(' ')])
        .stdout.toString()
        .split('\n'),
    )
    .map((line) => line.trim().replace(/packets \d+ bytes \d+/, ''));
}

/** Version 2 has one tree, version 1 one for each controller. */
function cgroupsBelow(parent: string): readonly string[] {
  const mount = '/sys/fs/cgroup';
  const trees = existsSync(`${mount}/cgroup.controllers`) ? [''] : readdirSync(mount);
  return trees.flatMap((tree) => {
    const path = join(mount, tree, parent);
    if (!existsSync(path)) return [];
    return readdirSync(path, { recursive: true, withFileTypes: true, encoding: 'utf8' })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name));
  });
}

function processesNaming(root: string): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => commandLine(pid).includes(root));
}

function filesBelow(folder: string, depth: number): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return [path, ...(entry.isDirectory() && depth > 1 ? filesBelow(path, depth - 1) : [])];
  });
}

function commandLine(pid: number): string {
  return (read(`/proc/${pid}/cmdline`) ?? '').replaceAll('\0', ' ').trim();
}

function readLink(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return 'closed';
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
