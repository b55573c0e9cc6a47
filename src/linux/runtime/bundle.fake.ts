import type { BundlePaths, Bundles } from './bundle.ts';

/** Folders are names in sets; files are what was written last. */
export function createFakeBundles(): Bundles & {
  readonly runs: Set<string>;
  readonly kept: Set<string>;
  readonly specs: Map<string, object>;
  readonly hostPaths: Set<string>;
  /** Paths in mounted roots that are no folders. */
  readonly filesInRoot: Set<string>;
} {
  const runs = new Set<string>();
  const kept = new Set<string>();
  const specs = new Map<string, object>();
  const hostPaths = new Set<string>();
  const filesInRoot = new Set<string>();
  const paths = (id: string): BundlePaths => ({
    kept: `/kept/${id}`,
    jsonLog: `/kept/${id}/log`,
    cachedLog: `/kept/${id}/container.log`,
    logPlace: `/kept/${id}/log-place.json`,
    hosts: `/kept/${id}/hosts`,
    hostname: `/kept/${id}/hostname`,
    resolvConf: `/kept/${id}/resolv.conf`,
    run: `/run/${id}`,
    rootfs: `/run/${id}/rootfs`,
    shm: `/run/${id}/shm`,
    monitor: `/run/${id}/m`,
    userns: `/run/${id}/userns`,
    stages: `/run/${id}/v`,
    secrets: `/run/${id}/s`,
  });
  return {
    runs,
    kept,
    specs,
    hostPaths,
    filesInRoot,
    paths,
    makeKept: (id) => void kept.add(id),
    removeKept: (id) => void kept.delete(id),
    makeRun: (id) => void runs.add(id),
    removeRun: (id) => void runs.delete(id),
    listRuns: () => [...runs],
    listKept: () => [...kept],
    writeSpec: (id, spec) => void specs.set(id, spec),
    writeEtc: () => undefined,
    updateResolvConf: () => undefined,
    readHost: () => ({ hosts: '127.0.0.1 localhost\n', resolvConf: 'nameserver 10.0.0.1\n', uplinkResolvConf: '' }),
    readAccounts: () => ({ passwd: 'root:x:0:0::/root:/bin/sh\n', group: 'root:x:0:\n' }),
    ensureInRoot: () => undefined,
    hasFileInRoot: (_id, path) => filesInRoot.has(path),
    exists: (path) => hostPaths.has(path),
    isFolder: (path) => hostPaths.has(path),
    setHalted: () => undefined,
    isHalted: () => false,
    writeSecret: () => undefined,
    ownerOf: (path) => (hostPaths.has(path) ? { uid: 0, gid: 0 } : undefined),
    ensureFolder: (path) => void hostPaths.add(path),
    makeExec: (id, execId) => ({
      monitor: `/run/${id}/x/${execId}/m`,
      processFile: `/run/${id}/x/${execId}/process.json`,
    }),
    listExecs: () => [],
    removeExec: () => undefined,
    readIdMap: () => undefined,
    readProcess: () => ({ env: ['PATH=/bin'], capabilities: { bounding: ['CAP_KILL'] } }),
    sizeBytes: async () => 0,
  };
}
