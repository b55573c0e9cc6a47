import type { LogFileRecord } from '../../store/record/container-log.ts';
import { AttachStream } from './attach-stream.ts';
import { type ContainerContext, publish } from './context.ts';
import { createDetachScanner, parseDetachKeys } from './detach-keys.ts';
import { attachPaused, attachRestarting, logsNotReadable } from './errors.ts';
import { formatFrame } from './frame.ts';
import type { LiveContainer } from './live.ts';
import { isLogReadable, logPathOf } from './log/container-log-plan.ts';
import type { AttachOptions } from './service.ts';

/** See ContainerService.attach. For a container that does not run the stream waits for the next start. */
export async function attachContainer(
  ctx: ContainerContext,
  live: LiveContainer,
  options: AttachOptions,
): Promise<{ readonly tty: boolean; readonly stream: AttachStream }> {
  const { record } = live;
  if (record.state.status === 'paused') throw attachPaused(record.id);
  if (record.state.status === 'restarting') throw attachRestarting(record.id);
  if (options.logs && !isLogReadable(record)) throw logsNotReadable();
  const tty = record.config.Tty ?? false;
  const keys = parseDetachKeys(options.detachKeys);
  const stream = new AttachStream({
    ...(tty && { scanner: createDetachScanner(keys) }),
    wants: {
      stdin: options.stdin && options.stream && (record.config.OpenStdin ?? false),
      stdout: options.stdout,
      stderr: options.stderr,
    },
  });
  stream.onDetach = () => publish(ctx, live.record, 'detach');
  const replayed = options.logs ? stream.replay(readPast(ctx, live, options, tty)) : Promise.resolve();
  ctx.tasks.spawn(`log for an attacher of container ${record.id}`, async () => {
    await replayed.finally(() => (options.stream ? undefined : stream.finish()));
  });
  if (options.stream) await join(live, stream);
  publish(ctx, record, 'attach');
  return { tty, stream };
}

async function join(live: LiveContainer, stream: AttachStream): Promise<void> {
  const { session } = live;
  if (session) return stream.connect(await session.attach(stream.wants));
  live.waitingAttachers.add(stream);
  stream.once('close', () => live.waitingAttachers.delete(stream));
}

/** The log so far, as the wire has it. Output that comes while it is read may be both in it and in the live stream. */
async function* readPast(
  ctx: ContainerContext,
  { record }: LiveContainer,
  options: AttachOptions,
  tty: boolean,
): AsyncIterable<Uint8Array> {
  for await (const entries of ctx.logs.read(logPathOf(ctx, record), { signal: options.signal })) {
    const wanted = entries.filter(({ stream }) => (stream === 'stdout' ? options.stdout : options.stderr));
    yield Buffer.concat(wanted.map((entry) => toWire(entry, tty)));
  }
}

function toWire({ stream, line }: LogFileRecord, tty: boolean): Uint8Array {
  return tty ? line : formatFrame(stream, line);
}
