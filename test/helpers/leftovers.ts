import { existsSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';

/** What a daemon has of the machine, by the names its tests gave it. */
export interface Footprint {
  readonly root: string;
  readonly bridge: string;
  /** Host ends of containers' links, as seen while they were there. */
  readonly links: readonly string[];
  /** Absolute, as given to --cgroup-parent. */
  readonly cgroupParent: string;
}

/** Links that are on a bridge now. */
export function linksOf(bridge: string): readonly string[] {
  const folder = `/sys/class/net/${bridge}/brif`;
  return existsSync(folder) ? readdirSync(folder) : [];
}

/** One line for each thing that is still there; none when the daemon has left nothing. */
export function leftovers(footprint: Footprint): readonly string[] {
  return [
    ...mountsBelow(footprint.root).map((path) => `mount ${path}`),
    ...[footprint.bridge, ...footprint.links]
      .filter((link) => existsSync(`/sys/class/net/${link}`))
      .map((link) => `link ${link}`),
    ...tables(footprint.bridge).map((table) => `nft ${table}`),
    ...processesOf(footprint).map((pid) => `process ${pid}: ${commandLine(pid)}`),
    ...cgroups(footprint.cgroupParent).map((path) => `cgroup ${path}`),
  ];
}

/** Ends and removes what {@link leftovers} names, as far as that works: for after a failed check. */
export function removeLeftovers(footprint: Footprint): void {
  for (const pid of processesOf(footprint)) quietly(() => process.kill(pid, 'SIGKILL'));
  for (const path of mountsBelow(footprint.root).sort().reverse()) Bun.spawnSync(['umount', '-l', path]);
  for (const table of tables(footprint.bridge)) Bun.spawnSync(['nft', 'delete', ...table.split(' ')]);
  for (const link of [footprint.bridge, ...footprint.links]) Bun.spawnSync(['ip', 'link', 'delete', link]);
  for (const path of cgroups(footprint.cgroupParent)) quietly(() => rmdirSync(path));
}

/** The parent cgroup is the daemon's to use, not to remove, as with dockerd: removes it in each hierarchy where it is empty. */
export function removeCgroupParent(cgroupParent: string): void {
  for (const path of parents(cgroupParent)) quietly(() => rmdirSync(path));
}

function mountsBelow(root: string): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((path) => path.startsWith(root));
}

function tables(bridge: string): readonly string[] {
  const list = Bun.spawnSync(['nft', 'list', 'tables']).stdout.toString();
  return list
    .split('\n')
    .filter((line) => line.endsWith(`_${bridge}`))
    .map((line) => line.trim());
}

/** Started with a path of the daemon's root, or in one of its cgroups; zombies hold nothing and have no command line. */
function processesOf({ root, cgroupParent }: Footprint): readonly number[] {
  const named = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => commandLine(pid).includes(root));
  const grouped = cgroups(cgroupParent).flatMap((path) =>
    (read(join(path, 'cgroup.procs')) ?? '').split('\n').filter(Boolean).map(Number),
  );
  return [...new Set([...named, ...grouped])].filter((pid) => pid !== process.pid);
}

function commandLine(pid: number): string {
  return (read(`/proc/${pid}/cmdline`) ?? '').replaceAll('\0', ' ').trim();
}

/** Deepest first. */
function cgroups(parent: string): readonly string[] {
  return parents(parent).flatMap((path) => {
    const below = readdirSync(path, { recursive: true, withFileTypes: true, encoding: 'utf8' })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name));
    return [...below.sort().reverse(), path];
  });
}

/** Version 2 has one tree, version 1 one for each controller. */
function parents(parent: string): readonly string[] {
  const mount = '/sys/fs/cgroup';
  const trees = existsSync(`${mount}/cgroup.controllers`)
    ? [mount]
    : readdirSync(mount).map((controller) => join(mount, controller));
  return [...new Set(trees.map((tree) => join(tree, parent)))].filter((path) => existsSync(path));
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function quietly(action: () => void): void {
  try {
    action();
  } catch {
    // already gone, or in use: the check that follows says so
  }
}
