import { connect } from 'node:net';
import type { Answer } from './world.ts';

/** One request that asks for an upgrade; the head of the answer, and its body when it is refused. */
export async function upgrade(
  socket: string,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
): Promise<Answer> {
  const connection = connect(socket);
  const lines = Object.entries({ Host: 'd', Connection: 'Upgrade', ...headers }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  connection.write(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`);
  let text = '';
  for await (const chunk of connection as AsyncIterable<Buffer>) {
    text += chunk.toString('latin1');
    const { status, length, body } = parse(text);
    if (status === 101 || (length !== undefined && body.length >= length)) break;
  }
  connection.destroy();
  const { status, headers: answered, body } = parse(text);
  return { status, headers: answered, text: body };
}

function parse(text: string): { status: number; headers: Headers; body: string; length: number | undefined } {
  const end = text.indexOf('\r\n\r\n');
  const [first = '', ...lines] = text.slice(0, Math.max(end, 0)).split('\r\n');
  const headers = new Headers(
    lines.map((line): [string, string] => [line.split(':', 1)[0] ?? '', line.slice(line.indexOf(':') + 1).trim()]),
  );
  const length = headers.get('content-length');
  return {
    status: end === -1 ? 0 : Number(first.split(' ')[1]),
    headers,
    body: end === -1 ? '' : text.slice(end + 4),
    length: length === null ? undefined : Number(length),
  };
}
