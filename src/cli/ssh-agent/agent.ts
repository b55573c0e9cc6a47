/** The agent's protocol (draft-miller-ssh-agent): requests and answers, each a byte for its kind and what belongs to it. */
import { connect, type Socket } from 'node:net';
import { KnownError } from '../../lib/errors.ts';
import type { SshKey } from './private-key.ts';
import { createSshReader, sshString, sshUint32 } from './wire.ts';

const FAILURE = 5;
const REQUEST_IDENTITIES = 11;
const IDENTITIES_ANSWER = 12;
const SIGN_REQUEST = 13;
const SIGN_RESPONSE = 14;

const MAX_MESSAGE_BYTES = 256 * 1024;

/** Answers requests of one connection, one after the other. */
export interface SshAgent extends Disposable {
  answer(request: Buffer): Promise<Buffer>;
}

/** One that holds these keys in memory. */
export function createKeyAgent(keys: readonly SshKey[]): SshAgent {
  return {
    answer: async (request) => {
      try {
        return answerWith(keys, request);
      } catch {
        return Buffer.from([FAILURE]);
      }
    },
    [Symbol.dispose]: () => undefined,
  };
}

function answerWith(keys: readonly SshKey[], request: Buffer): Buffer {
  const reader = createSshReader(request.subarray(1));
  if (request[0] === REQUEST_IDENTITIES) {
    const known = keys.flatMap(({ publicKey }) => [sshString(publicKey), sshString('')]);
    return Buffer.concat([Buffer.from([IDENTITIES_ANSWER]), sshUint32(keys.length), ...known]);
  }
  if (request[0] !== SIGN_REQUEST) return Buffer.from([FAILURE]);
  const [wanted, data, flags] = [reader.string(), reader.string(), reader.uint32()];
  const key = keys.find(({ publicKey }) => publicKey.equals(wanted));
  if (key === undefined) return Buffer.from([FAILURE]);
  return Buffer.concat([Buffer.from([SIGN_RESPONSE]), sshString(key.sign(data, flags))]);
}

/**
 * The user's own agent behind a socket, of which a build may list keys and sign; to add, remove or lock is refused, as BuildKit refuses it.
 * Errors of `answer`: the socket's.
 */
export function createSocketAgent(path: string): SshAgent {
  let socket: Socket | undefined;
  let answers: AsyncIterator<Buffer> | undefined;
  return {
    async answer(request) {
      if (request[0] !== REQUEST_IDENTITIES && request[0] !== SIGN_REQUEST) return Buffer.from([FAILURE]);
      if (socket === undefined || answers === undefined) {
        socket = connect(path);
        answers = messagesOf(socket);
      }
      socket.write(sshString(request));
      const next = await answers.next();
      if (next.done) throw new KnownError('unavailable', `the ssh agent at ${path} has closed the connection`);
      return next.value;
    },
    [Symbol.dispose]: () => void socket?.destroy(),
  };
}

/** The messages in a stream of bytes. Errors: invalid_parameter for one of more than 256 KiB, or one that is cut off. */
export async function* messagesOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let waiting: Buffer = Buffer.alloc(0);
  for await (const piece of bytes) {
    waiting = Buffer.concat([waiting, piece]);
    while (waiting.length >= 4) {
      const length = waiting.readUInt32BE();
      if (length === 0 || length > MAX_MESSAGE_BYTES)
        throw new KnownError('invalid_parameter', `ssh agent: a message of ${length} bytes`);
      if (waiting.length < 4 + length) break;
      yield waiting.subarray(4, 4 + length);
      waiting = waiting.subarray(4 + length);
    }
  }
  if (waiting.length > 0) throw new KnownError('invalid_parameter', 'ssh agent: a message was cut off');
}
