import type { HostConfig } from '../../api/types/container.ts';
import type { RunStep } from '../../build/plan/plan.ts';
import { KnownError } from '../../lib/errors.ts';
import type { Platform } from '../../oci/platform.ts';
import type { CachedLayer } from '../../store/record/build-cache.ts';
import type { BuildDeps } from './deps.ts';
import { commandFailed } from './errors.ts';
import type { BuildOutput } from './service.ts';
import { keepChanges, type StageLayers, withContainer } from './stage-files.ts';

export interface RunContext {
  readonly layers: StageLayers;
  readonly platform: Platform;
  readonly hostConfig: HostConfig;
  readonly proxyEnv: readonly string[];
}

/** Runs the command in a container of its own and keeps what it changes. Errors: system with the exit code. */
export async function runStep(
  deps: BuildDeps,
  step: RunStep,
  { layers, platform, hostConfig, proxyEnv }: RunContext,
  output: BuildOutput,
  signal: AbortSignal,
): Promise<CachedLayer> {
  const { argv, user, workingDirectory } = step;
  const env = [...proxyEnv, ...step.env];
  return await withContainer(
    deps,
    { layers, platform },
    { argv, user, workingDirectory, env, hostConfig },
    async (id) => {
      output.text(` ---> Running in ${id.slice(0, 12)}\n`);
      const stop = (): void => void deps.containers.kill(id, 'KILL').catch(() => undefined);
      signal.addEventListener('abort', stop, { once: true });
      try {
        await runToEnd(deps, id, step, output, signal);
      } finally {
        signal.removeEventListener('abort', stop);
      }
      const layer = await keepChanges(deps, id, layers, signal);
      output.text(` ---> Removed intermediate container ${id.slice(0, 12)}\n`);
      return layer;
    },
    signal,
  );
}

async function runToEnd(
  { containers }: BuildDeps,
  id: string,
  { argv }: RunStep,
  output: BuildOutput,
  signal: AbortSignal,
): Promise<void> {
  const { stream } = await containers.attach(id, {
    stdin: false,
    stdout: true,
    stderr: true,
    logs: false,
    stream: true,
    signal,
  });
  const told = tell(stream, output);
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

/** Standard error is red, as the classic builder has it. */
async function tell(stream: AsyncIterable<Uint8Array>, output: BuildOutput): Promise<void> {
  const decoders = { 1: new TextDecoder(), 2: new TextDecoder() };
  let waiting = Buffer.alloc(0);
  for await (const chunk of stream) {
    waiting = Buffer.concat([waiting, chunk]);
    while (waiting.length >= HEADER_BYTES) {
      const size = waiting.readUInt32BE(4);
      if (size > MAX_FRAME_BYTES) throw new KnownError('system', 'malformed output of a build step');
      if (waiting.length < HEADER_BYTES + size) break;
      const errors = waiting[0] === 2;
      const text = decoders[errors ? 2 : 1].decode(waiting.subarray(HEADER_BYTES, HEADER_BYTES + size), {
        stream: true,
      });
      waiting = waiting.subarray(HEADER_BYTES + size);
      if (text !== '') output.text(errors ? `\u001b[91m${text}\u001b[0m` : text);
    }
  }
}
