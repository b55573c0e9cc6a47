import type { HostConfig } from '../../api/types/container.ts';
import type { RunStep, StagePlan } from '../../build/plan/plan.ts';
import { KnownError } from '../../lib/errors.ts';
import { formatPlatform, type Platform, platformRank } from '../../oci/platform.ts';
import type { CachedLayer } from '../../store/record/build-cache.ts';
import { STEP_LABEL } from '../container/step-label.ts';
import type { BuildDeps } from './deps.ts';
import { CommandFailed, commandFailed } from './errors.ts';
import { grantDevices } from './grant-devices.ts';
import { keepLayer } from './keep-layer.ts';
import { type CacheLocks, prepareMounts } from './run-mounts.ts';
import { type BuildWork, chainOf, type StageLayers } from './work.ts';

export type StepMessage =
  | { readonly kind: 'running'; readonly containerId: string }
  | { readonly kind: 'log'; readonly stream: 'stdout' | 'stderr'; readonly text: string };

/** Runs the command in a container of its own and keeps what it changes. Errors: system with the exit code. */
export async function runStep(
  work: BuildWork,
  step: RunStep,
  {
    layers,
    platform,
    locks,
    key,
  }: Pick<StagePlan, 'platform'> & {
    readonly layers: StageLayers;
    readonly locks: CacheLocks;
    readonly key: string;
  },
  tell: (message: StepMessage) => void,
  signal: AbortSignal,
): Promise<CachedLayer> {
  const { deps, plan } = work;
  await using undo = new AsyncDisposableStack();
  const chain = await deps.layers.ensureUnpacked(layers, { signal });
  const draft = deps.layers.begin(chain);
  undo.defer(() => deps.layers.discard(draft));
  const extra = undo.use(await prepareMounts(work, step, locks, signal));
  const secret = extra.secretEnv.length > 0;
  const devices =
    step.devices.length === 0 ? [] : grantDevices(deps.readCdi(), step.devices, work.request.entitlements);
  const { Id: id = '' } = await deps.containers.create({
    config: {
      Image: key.slice(0, 12),
      Cmd: [...(secret ? READS_ENVIRONMENT : []), ...step.argv],
      Env: [...plan.proxyEnv, ...step.env, ...extra.env],
      User: step.user,
      WorkingDir: step.workingDirectory,
      Labels: { [STEP_LABEL]: key },
      ...(secret && { OpenStdin: true, StdinOnce: true }),
      ...hostnameOf(work, step),
    },
    hostConfig: hostConfigOf(work, step, devices, secret ? [...extra.mounts, initMount(deps)] : extra.mounts),
    networkingConfig: {},
    layers: { chain: chainOf(layers), platform },
  });
  undo.defer(async () => await deps.containers.remove(id, { force: true, volumes: true }));
  const rootfs = deps.layers.rootfs(id);
  const stubs = work.folder.makeWay(
    rootfs,
    extra.mounts.flatMap(({ Target = '' }) => (Target.startsWith('/dev/') ? [] : [Target])),
  );
  tell({ kind: 'running', containerId: id });
  const stop = (): void => void deps.containers.kill(id, 'KILL').catch(() => undefined);
  signal.addEventListener('abort', stop, { once: true });
  let unknownProgram = false;
  const listening = (message: StepMessage): void => {
    if (isForeign(deps.host, platform) && message.kind === 'log')
      unknownProgram ||= /exec format error/i.test(message.text);
    tell(message);
  };
  try {
    const input = secret ? Buffer.from(`${extra.secretEnv.join('\0')}\0\0`) : undefined;
    await runToEnd(deps, id, { argv: step.argv, ...(input && { input }) }, listening, signal);
  } catch (error) {
    throw unknownProgram && error instanceof CommandFailed ? withoutEmulator(error, platform) : error;
  } finally {
    signal.removeEventListener('abort', stop);
  }
  return await keepLayer(work, { upper: rootfs.upper, blob: draft.blob, layers, dropMountPoints: true, stubs }, signal);
}

/** Where the init is in a step that has secrets in its environment: on the container's own /dev, so in no layer. */
const INIT = '/dev/.skiff-init';
const READS_ENVIRONMENT = [INIT, '-e', '--'];

/** Errors: system when it is not installed. */
function initMount({ initPath }: Pick<BuildDeps, 'initPath'>): NonNullable<HostConfig['Mounts']>[number] {
  if (initPath === undefined)
    throw new KnownError('system', 'the init program is not installed: run the build of monitor/');
  return {
    Type: 'bind',
    Source: initPath,
    Target: INIT,
    ReadOnly: true,
    BindOptions: { ReadOnlyNonRecursive: true },
  };
}

/** The same in every build, so that what a step writes of it is too. On the host's network it is the host's. */
function hostnameOf({ request }: BuildWork, step: RunStep): { readonly Hostname?: string } {
  if (step.network === 'host' || request.hostConfig.NetworkMode === 'host') return {};
  return { Hostname: request.buildArgs['BUILDKIT_SANDBOX_HOSTNAME'] || 'buildkitsandbox' };
}

function hostConfigOf(
  { request }: BuildWork,
  step: RunStep,
  devices: readonly string[],
  mounts: NonNullable<HostConfig['Mounts']>,
): HostConfig {
  return {
    ...request.hostConfig,
    ...(devices.length > 0 ? { DeviceRequests: [{ Driver: 'cdi', DeviceIDs: [...devices] }] } : {}),
    ...(step.network === 'default' ? {} : { NetworkMode: step.network }),
    ...(step.security === 'insecure' ? { Privileged: true } : {}),
    ...(mounts.length > 0 ? { Mounts: [...mounts] } : {}),
  };
}

function isForeign(host: Platform, platform: Platform): boolean {
  return platformRank(host, platform) === undefined;
}

/** A program that the kernel does not know is one of another platform; the runtime says so in the step's output. */
function withoutEmulator(error: CommandFailed, platform: Platform): CommandFailed {
  const text = `RUN for ${formatPlatform(platform)} needs an emulator on this machine (binfmt_misc, such as qemu-user-static): exec format error. ${error.message}`;
  return new CommandFailed(text, error.exitCode);
}

/** Removes the containers of steps that a daemon which died in the middle of a build has left. */
export async function removeAbandoned({ containers }: Pick<BuildDeps, 'containers'>): Promise<void> {
  const left = await containers.list({ all: true, size: false, filters: new Map([['label', [STEP_LABEL]]]) });
  for (const { Id = '' } of left) await containers.remove(Id, { force: true, volumes: true });
}

/** Starts a container, tells what it prints, and waits for its end. `input` comes first on its stdin. Errors: CommandFailed. */
export async function runToEnd(
  { containers }: Pick<BuildDeps, 'containers'>,
  id: string,
  { argv, input }: Pick<RunStep, 'argv'> & { readonly input?: Uint8Array },
  tell: (message: StepMessage) => void,
  signal: AbortSignal,
): Promise<void> {
  const { stream } = await containers.attach(id, {
    stdin: input !== undefined,
    stdout: true,
    stderr: true,
    logs: false,
    stream: true,
    signal,
  });
  if (input) stream.write(input);
  const told = tellOutput(stream, tell);
  // rejected when the start fails, and then nobody else waits for it
  told.catch(() => undefined);
  const { result } = await containers.wait(id, 'next-exit', signal);
  result.catch(() => undefined);
  try {
    signal.throwIfAborted();
    await containers.start(id);
  } catch (error) {
    stream.destroy();
    throw error;
  }
  const { StatusCode = -1 } = await result;
  await told;
  signal.throwIfAborted();
  if (StatusCode !== 0) throw commandFailed(argv, StatusCode);
}

const HEADER_BYTES = 8;
const MAX_FRAME_BYTES = 16 * 1024 * 1024;

async function tellOutput(stream: AsyncIterable<Uint8Array>, tell: (message: StepMessage) => void): Promise<void> {
  const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  let waiting = Buffer.alloc(0);
  for await (const chunk of stream) {
    waiting = Buffer.concat([waiting, chunk]);
    while (waiting.length >= HEADER_BYTES) {
      const size = waiting.readUInt32BE(4);
      if (size > MAX_FRAME_BYTES) throw new KnownError('system', 'malformed output of a build step');
      if (waiting.length < HEADER_BYTES + size) break;
      const name = waiting[0] === 2 ? 'stderr' : 'stdout';
      const text = decoders[name].decode(waiting.subarray(HEADER_BYTES, HEADER_BYTES + size), { stream: true });
      waiting = waiting.subarray(HEADER_BYTES + size);
      if (text !== '') tell({ kind: 'log', stream: name, text });
    }
  }
}
