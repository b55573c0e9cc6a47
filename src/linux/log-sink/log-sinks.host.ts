import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { KnownError } from '../../lib/errors.ts';
import { type Connection, connectStream, WRITE_TIMEOUT_MS } from './connection.host.ts';
import { type Datagrams, openUdp, openUnixDatagrams } from './datagram.host.ts';
import { formatAck, formatForward } from './fluentd-format.ts';
import { formatGelf, toGelfDatagrams } from './gelf-format.ts';
import { formatJournal, journalFields } from './journal-format.ts';
import type {
  FluentdRemote,
  GelfRemote,
  JournaldRemote,
  LogSink,
  LogSinks,
  OutgoingRecord,
  SyslogRemote,
} from './log-sink.ts';
import { formatSyslog, type SyslogSender } from './syslog-format.ts';

const JOURNAL_SOCKET = '/run/systemd/journal/socket';
/** Where a syslog server of this machine may listen (srslog, which Docker uses). */
const LOCAL_SYSLOG = ['/dev/log', '/var/run/syslog', '/var/run/log'];

interface Options {
  readonly signal: AbortSignal;
}

/** The real ones; `journalSocket` is systemd's unless a test has one of its own. */
export function createLogSinks({ journalSocket = JOURNAL_SOCKET }: { readonly journalSocket?: string } = {}): LogSinks {
  return {
    async open(remote, options) {
      switch (remote.kind) {
        case 'syslog':
          return await openSyslog(remote, options);
        case 'gelf':
          return await openGelf(remote, options);
        case 'fluentd':
          return await openFluentd(remote, options);
        case 'journald':
          return openJournald(remote, journalSocket);
      }
    },
  };
}

const SENDER: SyslogSender = {
  hostname: hostname(),
  pid: process.pid,
  offsetMinutes: (seconds) => -new Date(seconds * 1000).getTimezoneOffset(),
};

async function openSyslog(remote: SyslogRemote, options: Options): Promise<LogSink> {
  const { address } = remote;
  if (address.kind === 'local') return await openLocalSyslog(remote, options);
  const counted = address.kind === 'tls' && remote.format.startsWith('rfc5424');
  const format = (record: OutgoingRecord): string => formatSyslog(remote, record, SENDER, counted);
  if (address.kind === 'udp') return datagramSink(await openUdp(address), (record) => [Buffer.from(format(record))]);
  if (address.kind === 'unixgram')
    return datagramSink(openUnixDatagrams(address.path), (record) => [Buffer.from(format(record))]);
  return streamSink(await connectStream(address, remote.tls, options), (record) => format(record));
}

/** Datagrams where the socket takes them, else a stream. */
async function openLocalSyslog(remote: SyslogRemote, options: Options): Promise<LogSink> {
  for (const path of LOCAL_SYSLOG.filter((candidate) => existsSync(candidate)))
    for (const kind of ['unixgram', 'unix'] as const) {
      try {
        return await openSyslog({ ...remote, address: { kind, path } }, options);
      } catch {
        // the next one, then
      }
    }
  throw new KnownError('system', 'Unix syslog delivery error');
}

async function openGelf(remote: GelfRemote, options: Options): Promise<LogSink> {
  const { address } = remote;
  const format = (record: OutgoingRecord): string => formatGelf(remote, record, SENDER.hostname);
  if (address.kind === 'udp')
    return datagramSink(await openUdp(address), (record) => toGelfDatagrams(format(record), remote));
  return streamSink(
    await connectStream({ kind: 'tcp', host: address.host, port: address.port }, undefined, options),
    (record) => `${format(record)}\0`,
  );
}

async function openFluentd(remote: FluentdRemote, options: Options): Promise<LogSink> {
  const connection = await connectStream(remote.address, undefined, options);
  const { requestAck, recordsPerMessage, writeTimeoutMs = WRITE_TIMEOUT_MS } = remote;
  return {
    isCertain: requestAck,
    broken: connection.broken,
    async send(records, { signal }) {
      for (let at = 0; at < records.length; at += recordsPerMessage) {
        const chunk = requestAck ? randomBytes(16).toString('base64') : undefined;
        const message = formatForward(remote, records.slice(at, at + recordsPerMessage), chunk);
        await connection.write(message, { signal, timeoutMs: writeTimeoutMs });
        if (chunk !== undefined) await connection.expect(formatAck(chunk), { signal });
      }
    },
    [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose](),
  };
}

function openJournald(remote: JournaldRemote, socket: string): LogSink {
  if (!existsSync(socket)) throw new KnownError('system', 'journald is not enabled on this host');
  return datagramSink(openUnixDatagrams(socket), (record) => [formatJournal(journalFields(remote.origin, record))]);
}

function streamSink(connection: Connection, format: (record: OutgoingRecord) => string): LogSink {
  return {
    isCertain: false,
    broken: connection.broken,
    send: async (records, { signal }) => await connection.write(records.map(format).join(''), { signal }),
    [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose](),
  };
}

function datagramSink(datagrams: Datagrams, format: (record: OutgoingRecord) => readonly Uint8Array[]): LogSink {
  return {
    isCertain: true,
    broken: new Promise(() => undefined),
    async send(records, options) {
      for (const record of records) for (const bytes of format(record)) await datagrams.send(bytes, options);
    },
    [Symbol.asyncDispose]: () => datagrams[Symbol.asyncDispose](),
  };
}
