/** An engine in this process, for builds that the classic endpoint cannot ask for. */
import { expect } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { assemble, type Engine } from '../../../src/daemon/assemble.ts';
import { resolveConfig } from '../../../src/daemon/config/daemon-config.ts';
import { parseCommandLine } from '../../../src/daemon/config/settings.ts';
import { createLog } from '../../../src/daemon/log.ts';
import type { ProgressEvent } from '../../../src/engine/build/progress.ts';
import type { BuildResult } from '../../../src/engine/build/request.ts';
import type { BuildRequest } from '../../../src/engine/build/service.ts';
import { packTree } from '../../../src/lib/tar/pack.ts';
import { freeSubnet, imageArchive } from '../../helpers/daemon.ts';
import { leftovers, removeCgroupParent } from '../../helpers/leftovers.ts';

export type Files = Readonly<Record<string, string | Uint8Array>>;

export interface TestBuild {
  readonly result: BuildResult | undefined;
  readonly error: string | undefined;
  readonly events: readonly ProgressEvent[];
  /** What was sent to the client, by output and by cache. */
  readonly received: ReadonlyMap<number, Buffer>;
  readonly caches: ReadonlyMap<number, Buffer>;
}

export interface TestEngine {
  readonly root: string;
  readonly engine: Engine;
  build(files: Files, more?: Partial<BuildRequest>): Promise<TestBuild>;
  /** JSON from the API; another status than 2xx is an error. */
  get<T>(path: string): Promise<T>;
  /** A blob of the content store. */
  blob(digest: string): Promise<Buffer>;
  stop(): Promise<void>;
}

/** With busybox loaded. `prefix` names its bridge: short and its own. */
export async function startEngine(prefix: string, flags: readonly string[] = []): Promise<TestEngine> {
  const root = mkdtempSync(`/tmp/${prefix}-`);
  const bridge = basename(root).replace('-', '');
  const cgroupParent = `/${basename(root)}`;
  const own = ['--data-root', join(root, 'd'), '--exec-root', join(root, 'e'), '--bridge', bridge];
  const engine = await assemble(
    resolveConfig(
      parseCommandLine([...own, '--bip', freeSubnet(), '--cgroup-parent', cgroupParent, ...flags]).settings,
    ),
    createLog('info'),
  );
  const unix = join(root, 's');
  await new Promise<void>((resolve) => engine.server.listen(unix, resolve));
  const body = Bun.file(imageArchive('busybox'));
  await (await fetch('http://localhost/v1.51/images/load', { method: 'POST', body, unix })).text();
  let builds = 0;
  return {
    root,
    engine,
    build: async (files, more = {}) => await build(engine, join(root, `c${++builds}`), files, more),
    async get<T>(path: string) {
      const answer = await fetch(`http://localhost/v1.51${path}`, { unix });
      if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
      return (await answer.json()) as T;
    },
    blob: async (digest) =>
      Buffer.from(await Bun.file(join(root, 'd/content/blobs', digest.replace(':', '/'))).bytes()),
    async stop() {
      engine.server.close();
      engine.server.closeAllConnections();
      await engine.shutdown();
      removeCgroupParent(cgroupParent);
      const left = leftovers({ root, bridge, links: [], cgroupParent }).filter(
        (line) => !line.startsWith(`process ${process.pid}`),
      );
      rmSync(root, { recursive: true, force: true });
      expect(left).toEqual([]);
    },
  };
}

export function writeFiles(folder: string, files: Files): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

export async function* archiveOf(folder: string): AsyncGenerator<Uint8Array> {
  for (const piece of packTree({ path: folder, name: '' })) yield piece;
}

async function build(engine: Engine, folder: string, files: Files, more: Partial<BuildRequest>): Promise<TestBuild> {
  mkdirSync(folder);
  writeFiles(folder, files);
  const events: ProgressEvent[] = [];
  const received = new Map<number, Buffer>();
  const caches = new Map<number, Buffer>();
  const into = (map: Map<number, Buffer>) => async (index: number, tar: AsyncIterable<Uint8Array>) => {
    const pieces: Uint8Array[] = [];
    for await (const piece of tar) pieces.push(piece);
    map.set(index, Buffer.concat(pieces));
  };
  const request: BuildRequest = {
    source: { kind: 'tar', archive: archiveOf(folder) },
    dockerfile: 'Dockerfile',
    id: '',
    outputs: [],
    annotations: [],
    attestations: { provenance: undefined, sbom: undefined },
    cacheFrom: [],
    cacheTo: [],
    contexts: [],
    target: '',
    buildArgs: {},
    labels: {},
    platforms: [],
    noCache: [],
    pull: false,
    session: {
      secret: async () => undefined,
      sshAgent: async () => undefined,
      authFor: async () => undefined,
      receive: into(received),
      receiveCache: into(caches),
    },
    hostConfig: {},
    entitlements: new Set(),
    ...more,
  };
  const told = { tell: (event: ProgressEvent) => void events.push(event), wantsReasons: true };
  try {
    const result = await engine.builds.build(request, told, new AbortController().signal);
    return { result, error: undefined, events, received, caches };
  } catch (error) {
    return { result: undefined, error: String(error), events, received, caches };
  }
}
