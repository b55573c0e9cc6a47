import { createSessionConnection } from '../../api/build-session/connection.ts';
import { malformed } from '../../api/build-session/frame.ts';
import { type BuildAsk, type EndMessage, type Purpose, SESSION_PROTOCOL } from '../../api/build-session/messages.ts';
import { ApiError } from '../../client/api-error.ts';
import type { ByteSocket } from '../../client/byte-socket.ts';
import type { EngineApi } from '../../client/engine-api.ts';
import type { ProgressEvent } from '../../engine/build/progress.ts';
import { KnownError } from '../../lib/errors.ts';
import { answer, type ClientSide } from './client-side.ts';

/** A connection for one build of our own kind; undefined: this daemon knows nothing of it. Errors: ConnectionError. */
export async function openSession(api: EngineApi): Promise<ByteSocket | undefined> {
  try {
    const query = { version: SESSION_PROTOCOL };
    const response = await api.send('POST', '/build', { query, upgrade: SESSION_PROTOCOL });
    if (response.status === 101 && response.headers.get('upgrade') === SESSION_PROTOCOL) return response.socket;
    response.socket.close();
    return undefined;
  } catch (error) {
    if (error instanceof ApiError) return undefined;
    throw error;
  }
}

export interface SessionRun {
  readonly ask: BuildAsk;
  readonly side: ClientSide;
  readonly onEvent: (event: ProgressEvent) => void;
  /** Asks the daemon to end the build, whose answer is then that it was cancelled. */
  readonly cancel: AbortSignal;
}

/** Builds over the connection, and closes it. Errors: unavailable when it breaks. */
export async function runSession(socket: ByteSocket, { ask, side, onEvent, cancel }: SessionRun): Promise<EndMessage> {
  const end = Promise.withResolvers<EndMessage>();
  const answers = new Set<Promise<void>>();
  const connection = createSessionConnection(socket, {
    onMessage(message) {
      if (message['kind'] === 'told') onEvent(message['event'] as ProgressEvent);
      else if (message['kind'] === 'built' || message['kind'] === 'failed')
        end.resolve(message as unknown as EndMessage);
      else throw malformed('a message of another kind');
    },
    onOpen(purpose, channel) {
      const answering = answer(purpose as unknown as Purpose, channel, side).catch((error: unknown) =>
        channel.reset(error),
      );
      answers.add(answering);
      void answering.finally(() => answers.delete(answering));
    },
  });
  void connection.ended.then((reason) =>
    end.reject(reason ?? new KnownError('unavailable', 'the daemon has closed the connection of the build')),
  );
  const onCancel = (): void => void connection.send({ kind: 'cancel' }).catch(() => undefined);
  cancel.addEventListener('abort', onCancel);
  try {
    await connection.send(ask);
    if (cancel.aborted) onCancel();
    return await end.promise;
  } finally {
    cancel.removeEventListener('abort', onCancel);
    await connection.close();
    await Promise.all(answers);
  }
}
