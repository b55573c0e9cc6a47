import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { messageOf } from '../lib/errors.ts';
import { toStatus } from './errors.ts';
import type { HijackAnswer } from './route.ts';

/** The head of a 101 answer, as Docker writes it. */
export function writeUpgraded(
  socket: Duplex,
  { upgraded, protocol = 'tcp', headers = {} }: HijackAnswer,
  common: Readonly<Record<string, string>>,
): void {
  const type = upgraded === undefined ? {} : { 'Content-Type': upgraded };
  const lines = Object.entries({ ...type, Connection: 'Upgrade', Upgrade: protocol, ...common, ...headers }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  socket.write(`HTTP/1.1 101 UPGRADED\r\n${lines.join('')}\r\n`);
}

/** An answer on a connection that asked for an upgrade and does not get it. */
export function writeRefused(socket: Duplex, error: unknown, headers: Readonly<Record<string, string>>): void {
  const status = toStatus(error);
  const body = `${JSON.stringify({ message: messageOf(error) })}\n`;
  writeWhole(socket, status, 'application/json', body, headers);
}

export function writeWhole(
  socket: Duplex,
  status: number,
  contentType: string,
  body: string,
  headers: Readonly<Record<string, string>>,
): void {
  const lines = Object.entries({
    ...headers,
    'Content-Type': contentType,
    'Content-Length': String(Buffer.byteLength(body)),
    Connection: 'close',
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n${body}`);
}
