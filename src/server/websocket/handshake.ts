import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { KnownError } from '../../lib/errors.ts';

/** RFC 6455 section 1.3. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const VERSION = '13';

/** Headers of the 101 that answers a websocket's opening. Errors: invalid_parameter for a request that opens none (section 4.2.1). */
export function acceptWebSocket(headers: IncomingHttpHeaders): Readonly<Record<string, string>> {
  const { upgrade, connection = '', 'sec-websocket-key': key, 'sec-websocket-version': version } = headers;
  if (upgrade?.toLowerCase() !== 'websocket' || !/\bupgrade\b/i.test(connection))
    throw new KnownError('invalid_parameter', 'not websocket protocol');
  if (version !== VERSION) throw new KnownError('invalid_parameter', 'missing or bad WebSocket Version');
  if (key === undefined || Buffer.from(key, 'base64').length !== 16)
    throw new KnownError('invalid_parameter', 'mismatch challenge/response');
  return {
    'Sec-WebSocket-Accept': createHash('sha1')
      .update(key + GUID)
      .digest('base64'),
  };
}
