import { posix } from 'node:path';
import type { HostConfig } from '../../api/types/container.ts';
import type { PlannedMount, RunStep } from '../../build/plan/plan.ts';
import { KnownError } from '../../lib/errors.ts';
import { entriesAt } from './context-files.ts';
import type { BuildDeps } from './deps.ts';
import { hashOf } from './step-inputs.ts';
import { followPath } from './tree.ts';
import { type BuildWork, contextOf, layersView, viewOf } from './work.ts';

type Mounts = NonNullable<HostConfig['Mounts']>;

/** What a RUN mounts, ready. */
export interface RunMounts extends AsyncDisposable {
  readonly mounts: Mounts;
  readonly env: readonly string[];
  /** `NAME=value` that may be written down nowhere. */
  readonly secretEnv: readonly string[];
}

/** Locks of cache mounts, of all builds of a daemon. */
export interface CacheLocks {
  /** Waits for `locked` mounts; `private` ones in use give another name. */
  take(
    name: string,
    sharing: PlannedMount['sharing'],
    signal: AbortSignal,
  ): Promise<{ readonly name: string } & Disposable>;
}

/** Errors: invalid_parameter for a secret or agent that is required and not there, or a source that is not. */
export async function prepareMounts(
  work: BuildWork,
  step: RunStep,
  locks: CacheLocks,
  signal: AbortSignal,
): Promise<RunMounts> {
  await using undo = new AsyncDisposableStack();
  const mounts: Mounts[number][] = [];
  const env: string[] = [];
  const secretEnv: string[] = [];
  for (const [index, mount] of step.mounts.entries()) {
    const made = await prepareOne(work, mount, index, locks, undo, signal);
    if (made.mount) mounts.push(made.mount);
    env.push(...(made.env ?? []));
    secretEnv.push(...(made.secretEnv ?? []));
  }
  if (step.script) {
    const { path, content } = step.script;
    const program = undo.use(work.folder.program(posix.basename(path), Buffer.from(content)));
    mounts.push(bindOf(program.source, posix.dirname(path), true));
  }
  const kept = undo.move();
  return { mounts, env, secretEnv, [Symbol.asyncDispose]: async () => await kept.disposeAsync() };
}

interface Made {
  readonly mount?: Mounts[number];
  readonly env?: readonly string[];
  readonly secretEnv?: readonly string[];
}

async function prepareOne(
  work: BuildWork,
  mount: PlannedMount,
  index: number,
  locks: CacheLocks,
  undo: AsyncDisposableStack,
  signal: AbortSignal,
): Promise<Made> {
  switch (mount.type) {
    case 'bind': {
      const { lower, path } = await mountable(work, mount, signal);
      const made = undo.use(work.folder.bind({ lower }, path, { writable: !mount.readOnly }));
      return { mount: bindOf(made.source, mount.target, mount.readOnly) };
    }
    case 'cache':
      return { mount: bindOf(await cacheFolder(work, mount, locks, undo, signal), mount.target, mount.readOnly) };
    case 'tmpfs': {
      const size = mount.sizeBytes === undefined ? {} : { SizeBytes: mount.sizeBytes };
      return {
        mount: { Type: 'tmpfs', Target: mount.target, TmpfsOptions: { Mode: 0o1777, Options: [['exec']], ...size } },
      };
    }
    case 'secret':
      return await secretMount(work, mount, undo);
    case 'ssh':
      return await agentMount(work, mount, index, undo);
  }
}

/** Of a context only what is mounted is made ready. */
async function mountable(
  work: BuildWork,
  { from, source }: PlannedMount,
  signal: AbortSignal,
): Promise<{ readonly lower: readonly string[]; readonly path: string }> {
  const asked = source || '/';
  const context = contextOf(work, from);
  if (context === undefined) return { lower: (await layersView(work, from, signal)).lower, path: asked };
  const { folder, path } = await context.mountable(asked, signal);
  return { lower: [folder], path };
}

function bindOf(source: string, target: string, readOnly: boolean): Mounts[number] {
  // nothing is mounted below, and a runtime cannot make a single file recursively read-only
  const options = readOnly ? { BindOptions: { ReadOnlyNonRecursive: true } } : {};
  return { Type: 'bind', Source: source, Target: target, ReadOnly: readOnly, ...options };
}

async function cacheFolder(
  work: BuildWork,
  mount: PlannedMount,
  locks: CacheLocks,
  undo: AsyncDisposableStack,
  signal: AbortSignal,
): Promise<string> {
  const { deps, request } = work;
  const space = request.buildArgs['BUILDKIT_CACHE_MOUNT_NS'] ?? '';
  const id = `${space === '' ? '' : `${space}/`}${mount.id || posix.normalize(mount.target)}`;
  const seeded = mount.from.kind !== 'scratch';
  const taken = undo.use(await locks.take(hashOf(['cache', id]).slice(0, 32), mount.sharing || 'shared', signal));
  deps.cacheMounts.use({ name: taken.name, id });
  return await deps.folders.cacheFolder(taken.name, {
    mode: mount.mode ?? 0o755,
    uid: mount.uid ?? 0,
    gid: mount.gid ?? 0,
    ...(seeded && { seed: async (target) => await seed(work, mount, target, signal) }),
  });
}

/** A cache mount with `from` begins with what is there. */
async function seed(
  work: BuildWork,
  mount: PlannedMount,
  target: Parameters<BuildDeps['files']['place']>[0],
  signal: AbortSignal,
): Promise<void> {
  const asked = posix.normalize(`/${mount.source}`).replace(/(.)\/$/, '$1');
  const tree = contextOf(work, mount.from)?.tree;
  const path = tree ? followPath(tree, asked) : asked;
  if (path === undefined) throw new KnownError('not_found', `mount source ${JSON.stringify(mount.source)} not found`);
  const source = await viewOf(work, mount.from, tree ? entriesAt(tree, path) : [], signal);
  const sources = [{ kind: 'tree', path, entries: undefined } as const];
  const looks = { destination: '/', owner: '', mode: '', clampSeconds: undefined };
  await work.deps.files.place(target, source, { ...looks, sources }, signal);
}

async function secretMount(
  { request, folder }: BuildWork,
  mount: PlannedMount,
  undo: AsyncDisposableStack,
): Promise<Made> {
  const id = mount.id || mount.source || posix.basename(mount.target);
  const content = await request.session.secret(id);
  if (content === undefined) {
    if (mount.required) throw new KnownError('invalid_parameter', `secret ${id}: not found`);
    return {};
  }
  const secretEnv = mount.env === '' ? [] : [variableOf(id, mount.env, content)];
  if (mount.target === '' && mount.env !== '') return { secretEnv };
  const { mode = 0o400, uid = 0, gid = 0 } = mount;
  const file = undo.use(folder.file(content, { mode, uid, gid }));
  return { mount: bindOf(file.source, mount.target || `/run/secrets/${id}`, true), secretEnv };
}

function variableOf(id: string, name: string, content: Uint8Array): string {
  if (content.includes(0))
    throw new KnownError('invalid_parameter', `secret ${id}: a NUL byte cannot be in the environment variable ${name}`);
  return `${name}=${Buffer.from(content).toString('utf8')}`;
}

async function agentMount(
  { request, folder }: BuildWork,
  mount: PlannedMount,
  index: number,
  undo: AsyncDisposableStack,
): Promise<Made> {
  const id = mount.id || 'default';
  const connect = await request.session.sshAgent(id);
  if (connect === undefined) {
    if (mount.required) throw new KnownError('invalid_parameter', `ssh agent ${id}: not found`);
    return {};
  }
  const { mode = 0o600, uid = 0, gid = 0 } = mount;
  const socket = undo.use(await folder.agent(connect, { mode, uid, gid }));
  const target = mount.target || `/run/buildkit/ssh_agent.${index}`;
  return { mount: bindOf(socket.source, target, true), env: [`SSH_AUTH_SOCK=${target}`] };
}
