import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, statfsSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { errnoOf, KnownError, wrapError } from '../../lib/errors.ts';
import { mount } from '../ffi/libc.host.ts';
import { MS } from '../mount/mount-flags.ts';
import type { Cgroups, RealtimeBudget } from './cgroup.ts';
import { readKernelLimits } from './kernel-limits.host.ts';

const ROOT = '/sys/fs/cgroup';
/** statfs(2) type of a v2 hierarchy. */
const CGROUP2_MAGIC = 0x63677270;
const FREEZE_TIMEOUT_MS = 10_000;
const KILL_TIMEOUT_MS = 10_000;

export function createCgroups(): Cgroups {
  const version = statfsSync(ROOT).type === CGROUP2_MAGIC ? 2 : 1;
  const own = ownProcsFile(version);
  const folder = (controller: string, path: string): string =>
    version === 2 ? join(ROOT, path) : join(ROOT, controller, path);
  const roots = (): readonly string[] => (version === 2 ? [ROOT] : readdirSync(ROOT).map((name) => join(ROOT, name)));
  return {
    version,
    limits: readKernelLimits(version),
    prepare() {
      if (version === 1) mountMissingControllers();
    },
    expectMoves() {
      // A move of this process to where it is, on another thread. Not being allowed to costs only time.
      writeFile(own, '0').catch(() => undefined);
    },
    grantRealtime: (path, budget) => grantRealtime(join(ROOT, 'cpu'), path, budget),
    oomFile: (path) => join(folder('memory', path), version === 2 ? 'memory.events' : 'memory.oom_control'),
    async freeze(path, frozen) {
      try {
        await (version === 2 ? freezeV2(folder('', path), frozen) : freezeV1(folder('freezer', path), frozen));
      } catch (error) {
        if (errnoOf(error) !== 'ENOENT' && errnoOf(error) !== 'ENODEV') throw error;
        if (frozen) throw new KnownError('not_found', `cgroup ${path} is gone`, { cause: error });
      }
    },
    isFrozen(path) {
      const file =
        version === 2 ? join(folder('', path), 'cgroup.freeze') : join(folder('freezer', path), 'freezer.state');
      return existsSync(file) && ['1', 'FROZEN', 'FREEZING'].includes(readFileSync(file, 'utf8').trim());
    },
    pids: (path) => pidsBelow(folder('pids', path)),
    async kill(path) {
      const pidsOf = (): readonly number[] => pidsBelow(folder('pids', path));
      for (const deadline = Date.now() + KILL_TIMEOUT_MS; pidsOf().length > 0; await delay(5)) {
        if (Date.now() > deadline) throw new KnownError('system', `processes of cgroup ${path} do not end`);
        for (const pid of pidsOf()) killProcess(pid);
        thaw(
          version === 2 ? join(folder('', path), 'cgroup.freeze') : join(folder('freezer', path), 'freezer.state'),
          version,
        );
      }
    },
    // a runtime that was killed has made, or removed, cgroups of some hierarchies only
    below: (path) => [
      ...new Set(
        roots()
          .map((root) => join(root, path))
          .filter((parent) => existsSync(parent))
          .flatMap((parent) => children(parent).map((child) => basename(child))),
      ),
    ],
    remove(path) {
      for (const root of roots()) removeTree(join(root, path));
    },
  };
}

/** cgroup.procs of the cgroup this process is in (proc_pid_cgroup(5): `ID:CONTROLLERS:PATH`). */
function ownProcsFile(version: 1 | 2): string {
  const lines = readFileSync('/proc/self/cgroup', 'utf8').split('\n');
  const [, controllers, path = '/'] =
    /^\d+:([^:]*):(.*)$/.exec(lines.find((line) => line.includes(version === 2 ? '0::' : ':pids:')) ?? '') ?? [];
  return join(ROOT, controllers ?? '', path, 'cgroup.procs');
}

/** /proc/cgroups (cgroups(7)): name, hierarchy, number of cgroups, enabled. */
function mountMissingControllers(): void {
  const mounts = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '));
  const mounted = new Set(
    mounts.filter((fields) => fields[2] === 'cgroup').flatMap((fields) => (fields[3] ?? '').split(',')),
  );
  const unified = mounts.find((fields) => fields[2] === 'cgroup2')?.[1];
  const owned = unified ? readFileSync(join(unified, 'cgroup.controllers'), 'utf8').split(/\s+/) : [];
  for (const controller of owned.filter((name) => name !== '' && !mounted.has(v1Name(name)))) {
    const target = join(ROOT, v1Name(controller));
    mkdirSync(target, { recursive: true });
    mount('cgroup', target, 'cgroup', MS.NOSUID | MS.NODEV | MS.NOEXEC, v1Name(controller));
  }
}

function grantRealtime(root: string, path: string, { periodMicros, runtimeMicros }: RealtimeBudget): void {
  let folder = root;
  for (const name of path.split('/').filter(Boolean)) {
    folder = join(folder, name);
    mkdirSync(folder, { recursive: true });
    try {
      if (periodMicros > 0) writeFileSync(join(folder, 'cpu.rt_period_us'), String(periodMicros));
      if (runtimeMicros > 0) writeFileSync(join(folder, 'cpu.rt_runtime_us'), String(runtimeMicros));
    } catch (error) {
      throw wrapError(error, `giving cgroup ${path} real-time CPU time`);
    }
  }
}

function v1Name(controller: string): string {
  return controller === 'io' ? 'blkio' : controller;
}

async function freezeV1(folder: string, frozen: boolean): Promise<void> {
  const file = join(folder, 'freezer.state');
  const wanted = frozen ? 'FROZEN' : 'THAWED';
  await until(folder, () => {
    writeFileSync(file, wanted);
    return readFileSync(file, 'utf8').trim() === wanted;
  });
}

async function freezeV2(folder: string, frozen: boolean): Promise<void> {
  writeFileSync(join(folder, 'cgroup.freeze'), frozen ? '1' : '0');
  await until(folder, () => readFileSync(join(folder, 'cgroup.events'), 'utf8').includes(`frozen ${frozen ? 1 : 0}`));
}

async function until(folder: string, done: () => boolean): Promise<void> {
  const deadline = Date.now() + FREEZE_TIMEOUT_MS;
  while (!done()) {
    if (Date.now() > deadline) throw new KnownError('system', `cgroup ${folder} does not freeze or thaw`);
    await delay(1);
  }
}

function pidsBelow(folder: string): readonly number[] {
  if (!existsSync(folder)) return [];
  const own = readFileSync(join(folder, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number);
  return [...own, ...children(folder).flatMap((child) => pidsBelow(child))];
}

function children(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(folder, entry.name));
}

function killProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (errnoOf(error) !== 'ESRCH') throw error;
  }
}

/** A frozen process dies only when it is let go. */
function thaw(file: string, version: 1 | 2): void {
  if (existsSync(file)) writeFileSync(file, version === 2 ? '0' : 'THAWED');
}

function removeTree(folder: string): void {
  if (!existsSync(folder)) return;
  for (const child of children(folder)) removeTree(child);
  rmdirSync(folder);
}
