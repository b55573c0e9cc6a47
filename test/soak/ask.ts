import type { TestDaemon } from '../helpers/daemon.ts';

const LONGEST_MS = 120_000;
/** So long at most an answer without a beginning is listened to. */
const PEEK_MS = 300;

export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** One request to the daemon, answered whole. Errors: no answer. */
export async function ask(
  { socket }: Pick<TestDaemon, 'socket'>,
  method: string,
  path: string,
  body?: object | Uint8Array<ArrayBuffer>,
): Promise<Answer> {
  const answer = await fetch(`http://d${path}`, {
    method,
    unix: socket,
    keepalive: false,
    signal: AbortSignal.timeout(LONGEST_MS),
    ...(body && {
      headers: { 'Content-Type': typeOf(body) },
      body: body instanceof Uint8Array ? body : JSON.stringify(body),
    }),
  });
  return { status: answer.status, text: await answer.text() };
}

/** As {@link ask}; the answer's JSON. Errors: a status of 400 or more. */
export async function must(...request: Parameters<typeof ask>): Promise<unknown> {
  const { status, text } = await ask(...request);
  if (status >= 400) throw new Error(`${request[1]} ${request[2]}: ${status} ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}

function typeOf(body: object): string {
  return body instanceof Uint8Array ? 'application/x-tar' : 'application/json';
}

/** As {@link ask}, for a multiplexed stream: what it says, both streams together. Errors: another status than 200. */
export async function plainText(...[{ socket }, method, path, body]: Parameters<typeof ask>): Promise<string> {
  const answer = await fetch(`http://d${path}`, {
    method,
    unix: socket,
    keepalive: false,
    signal: AbortSignal.timeout(LONGEST_MS),
    ...(body && { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }),
  });
  const bytes = Buffer.from(await answer.arrayBuffer());
  if (answer.status !== 200) throw new Error(`${method} ${path}: ${answer.status} ${bytes.toString()}`);
  let text = '';
  for (let at = 0; at < bytes.length; at += 8 + bytes.readUInt32BE(at + 4))
    text += bytes.toString('utf8', at + 8, at + 8 + bytes.readUInt32BE(at + 4));
  return text;
}

/** Reads the beginning of an answer that may go on for ever, and leaves. Errors: a status of 400 or more. */
export async function peek({ socket }: Pick<TestDaemon, 'socket'>, path: string, method = 'GET'): Promise<void> {
  const gone = new AbortController();
  const signal = AbortSignal.any([gone.signal, AbortSignal.timeout(LONGEST_MS)]);
  const answer = await fetch(`http://d${path}`, { method, unix: socket, keepalive: false, signal });
  try {
    if (answer.status >= 400) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    const reader = answer.body?.getReader();
    await Promise.race([reader?.read(), Bun.sleep(PEEK_MS)]);
  } finally {
    gone.abort();
  }
}
