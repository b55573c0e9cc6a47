import { KnownError, messageOf } from '../../lib/errors.ts';

/** One message of a JSON progress stream (pull, push, load, import, build). */
export interface ProgressMessage {
  readonly stream?: string;
  readonly status?: string;
  readonly id?: string;
  readonly from?: string;
  readonly time?: number;
  readonly timeNano?: number;
  /** The bar made by the daemon, for clients that make none. */
  readonly progress?: string;
  readonly progressDetail?: ProgressDetail;
  readonly errorDetail?: { readonly code?: number; readonly message?: string };
  readonly error?: string;
  readonly aux?: unknown;
}

export interface ProgressDetail {
  readonly current?: number;
  readonly total?: number;
  /** In seconds since 1970. */
  readonly start?: number;
  readonly hidecounts?: boolean;
  /** Empty: bytes. */
  readonly units?: string;
}

/** The messages of a stream, one JSON value a line. Errors: data_loss for what is no JSON. */
export async function* readMessages(body: AsyncIterable<Uint8Array>): AsyncGenerator<ProgressMessage> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') yield parseMessage(line);
  }
  if (rest.trim() !== '') yield parseMessage(rest);
}

function parseMessage(line: string): ProgressMessage {
  try {
    return JSON.parse(line) as ProgressMessage;
  } catch (error) {
    throw new KnownError('data_loss', `invalid message in the daemon's answer: ${messageOf(error)}`, { cause: error });
  }
}
