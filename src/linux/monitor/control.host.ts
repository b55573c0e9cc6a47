import { createConnection, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { KnownError, wrapError } from '../../lib/errors.ts';
import type { ExitReport, MonitorSession } from './monitor.ts';
import { attachLine, type MonitorMessage, PROTOCOL, parseMessage } from './protocol.ts';
import { lastRuntimeError, RuntimeError } from './runtime-error.ts';

/** Longest path of a unix socket (unix(7): sun_path holds 108 bytes with the final zero). */
const SOCKET_PATH_BYTES = 107;
/** What is read ahead of a slow attacher: one chunk. The monitor keeps the rest. */
const READ_AHEAD_BYTES = 16 * 1024;

type Hello = Extract<MonitorMessage, { kind: 'hello' }>;

/** Connects to a monitor's socket. Errors: system, with the errno's name in the cause. */
async function connect(dir: string): Promise<Socket> {
  const path = join(dir, 'ctl');
  if (Buffer.byteLength(path) > SOCKET_PATH_BYTES)
    throw new KnownError('system', `path of a unix socket is too long: ${path}`);
  const options = { path, allowHalfOpen: true, highWaterMark: READ_AHEAD_BYTES };
  const socket = createConnection(options);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.once('connect', resolve);
  socket.once('error', reject);
  try {
    await promise;
  } catch (error) {
    throw wrapError(error, `connecting to monitor ${path}`);
  }
  socket.removeListener('error', reject);
  return socket;
}

/** A connected session with the state the monitor told at once. Errors: system when nobody listens there. */
export async function openSession(dir: string): Promise<{ readonly hello: Hello; readonly session: MonitorSession }> {
  const socket = await connect(dir);
  const hello = Promise.withResolvers<Hello>();
  const started = Promise.withResolvers<{ readonly pid: number; readonly startedAt: Date }>();
  const exited = Promise.withResolvers<ExitReport>();
  const released = Promise.withResolvers<void>();
  started.promise.catch(() => undefined);
  const answers = { signal: [] as ((sent: boolean) => void)[], resize: [] as ((done: boolean) => void)[] };
  let startedAt: Date | undefined;

  const take = (message: MonitorMessage): void => {
    switch (message.kind) {
      case 'hello':
        return hello.resolve(message);
      case 'started':
        startedAt = message.startedAt;
        return started.resolve({ pid: message.pid, startedAt: message.startedAt });
      case 'failed':
        return started.reject(new RuntimeError(lastRuntimeError(message.log, message.runtimeStatus)));
      case 'exited':
        return exited.resolve(message.report);
      case 'released':
        return released.resolve();
      case 'signal':
        return answers.signal.shift()?.(message.sent);
      case 'resize':
        return answers.resize.shift()?.(message.done);
    }
  };
  const close = (): void => {
    const gone = new KnownError('system', `monitor of ${dir} has gone`);
    hello.reject(gone);
    started.reject(gone);
    exited.resolve({ exitCode: 137, oomKilled: false, startedAt, finishedAt: new Date(), lost: true });
    released.resolve();
    for (const answer of answers.signal.splice(0)) answer(false);
    for (const answer of answers.resize.splice(0)) answer(false);
  };
  let disconnected = false;
  readLines(
    socket,
    (line) => take(parseMessage(line)),
    () => {
      if (!disconnected) close();
      socket.destroy();
    },
  );
  socket.write(`control ${PROTOCOL.PROTOCOL_VERSION}\n`);
  const first = await hello.promise;

  const session: MonitorSession = {
    monitorPid: first.monitorPid,
    async go() {
      socket.write('go\n');
      return await started.promise;
    },
    attach: async (streams) => await attach(dir, attachLine(streams)),
    creditLog(bytes) {
      if (!socket.destroyed) socket.write(`credit ${Math.trunc(Math.min(bytes, PROTOCOL.CREDIT_MAX_BYTES))}\n`);
    },
    async signal(signo) {
      if (socket.destroyed) return false;
      socket.write(`signal ${signo}\n`);
      return await new Promise<boolean>((resolve) => answers.signal.push(resolve));
    },
    async resize(rows, columns) {
      if (socket.destroyed) throw new KnownError('conflict', 'cannot resize a stopped container');
      socket.write(`resize ${rows} ${columns}\n`);
      const done = await new Promise<boolean>((resolve) => answers.resize.push(resolve));
      if (!done) throw new KnownError('conflict', 'cannot resize: there is no terminal');
    },
    exited: exited.promise,
    released: released.promise,
    async abandon() {
      if (!socket.destroyed) socket.write('abandon\n');
      await released.promise;
    },
    disconnect() {
      disconnected = true;
      socket.destroy();
    },
  };
  return { hello: first, session };
}

/** Calls `take` for each line, `end` once when the connection is over or the peer sends nonsense. */
function readLines(socket: Socket, take: (line: string) => void, end: () => void): void {
  let rest = '';
  let over = false;
  const finish = (): void => {
    if (over) return;
    over = true;
    end();
  };
  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    try {
      for (const line of lines) take(line);
    } catch {
      finish();
    }
  });
  socket.on('end', finish);
  socket.on('close', finish);
  socket.on('error', finish);
}

/** An attached stream: the answer line is consumed, the rest is left to the reader. */
async function attach(dir: string, line: string): Promise<Duplex> {
  const socket = await connect(dir);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const answer = 'attached\n';
  let seen = Buffer.alloc(0);
  const onData = (chunk: Buffer): void => {
    seen = Buffer.concat([seen, chunk]);
    if (seen.length < answer.length) return;
    socket.pause();
    socket.removeListener('data', onData);
    if (seen.subarray(0, answer.length).toString() !== answer)
      return reject(new KnownError('system', 'monitor refused to attach'));
    if (seen.length > answer.length) socket.unshift(seen.subarray(answer.length));
    resolve();
  };
  const onEnd = (): void => reject(new KnownError('conflict', 'the process has ended'));
  socket.on('data', onData);
  socket.once('end', onEnd);
  socket.once('error', reject);
  socket.write(line);
  await promise;
  socket.removeListener('end', onEnd);
  socket.removeListener('error', reject);
  return socket;
}
