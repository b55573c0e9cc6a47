import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'bun:test';
import { createSocket } from 'node:dgram';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { gunzipSync } from 'node:zlib';
import { bindSocket, closeFd, openSocket, receiveBytes } from '../ffi/libc.host.ts';
import type { LogOrigin, OutgoingRecord, RemoteLog, SyslogRemote } from './log-sink.ts';
import { createLogSinks } from './log-sinks.host.ts';

const signal = new AbortController().signal;
const NO_TLS = { caCert: '', cert: '', key: '', skipVerify: false };
const origin: LogOrigin = {
  containerId: 'abcdef0123456789',
  containerName: 'web',
  imageId: 'i',
  imageName: 'busybox',
  command: 'sh',
  created: '',
  tag: 'tag',
  extra: {},
};
const records: readonly OutgoingRecord[] = ['one', 'two'].map((text) => ({
  stream: 'stdout',
  time: { seconds: 1, nanos: 0 },
  text,
}));

let certificates: string;
let root: string;
let cleanups: (() => void)[];

beforeAll(() => {
  certificates = mkdtempSync('/tmp/sinks-tls-');
  const { exitCode } = Bun.spawnSync([
    'openssl',
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-subj',
    '/CN=localhost',
    '-addext',
    'subjectAltName=DNS:localhost,IP:127.0.0.1',
    '-keyout',
    join(certificates, 'key'),
    '-out',
    join(certificates, 'cert'),
  ]);
  expect(exitCode).toBe(0);
});
afterAll(() => rmSync(certificates, { recursive: true }));
beforeEach(() => {
  root = mkdtempSync('/tmp/sinks-');
  cleanups = [];
});
afterEach(() => {
  for (const cleanup of cleanups) cleanup();
  rmSync(root, { recursive: true });
});

/** A server that keeps what it is sent, and answers with `answer` of each piece. */
async function serve(server: Server, at: string | number, answer?: (piece: Buffer) => Uint8Array | undefined) {
  const heard = { bytes: Buffer.alloc(0), sockets: [] as Socket[] };
  const event = 'setSecureContext' in server ? 'secureConnection' : 'connection';
  server.on(event, (socket: Socket) => {
    heard.sockets.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', (piece: Buffer) => {
      heard.bytes = Buffer.concat([heard.bytes, piece]);
      const said = answer?.(piece);
      if (said) socket.write(said);
    });
  });
  await new Promise<void>((resolve) =>
    typeof at === 'string' ? server.listen(at, resolve) : server.listen(at, '127.0.0.1', resolve),
  );
  cleanups.push(() => {
    for (const socket of heard.sockets) socket.destroy();
    server.close();
  });
  return { heard, port: (server.address() as AddressInfo).port };
}

async function until(test: () => boolean): Promise<void> {
  for (let turn = 0; turn < 2000; turn++) {
    if (test()) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error('it never happened');
}

const syslog = (
  address: SyslogRemote['address'],
  tls = NO_TLS,
  format: SyslogRemote['format'] = 'rfc5424',
): SyslogRemote => ({
  kind: 'syslog',
  origin,
  address,
  facility: 3,
  format,
  tls,
});

async function send(remote: RemoteLog, journalSocket?: string): Promise<void> {
  await using sink = await createLogSinks(journalSocket === undefined ? {} : { journalSocket }).open(remote, {
    signal,
  });
  await sink.send(records, { signal });
}

const LINES = / tag - one\n<30>1 .* tag - two\n$/;

test('syslog goes over TCP, over a unix socket, and over UDP', async () => {
  const tcp = await serve(createServer(), 0);
  await send(syslog({ kind: 'tcp', host: '127.0.0.1', port: tcp.port }));
  await until(() => LINES.test(tcp.heard.bytes.toString()));

  const unix = await serve(createServer(), join(root, 's'));
  await send(syslog({ kind: 'unix', path: join(root, 's') }));
  await until(() => LINES.test(unix.heard.bytes.toString()));

  const heard: string[] = [];
  const udp = createSocket('udp4');
  udp.on('message', (message) => heard.push(message.toString()));
  await new Promise<void>((resolve) => udp.bind(0, '127.0.0.1', resolve));
  cleanups.push(() => udp.close());
  await send(syslog({ kind: 'udp', host: '127.0.0.1', port: udp.address().port }));
  await until(() => LINES.test(heard.join('')));
});

test('syslog over TLS checks the server, and counts its messages', async () => {
  const key = readFileSync(join(certificates, 'key'));
  const cert = readFileSync(join(certificates, 'cert'));
  const tls = await serve(createTlsServer({ key, cert }), 0);
  const address = { kind: 'tls', host: '127.0.0.1', port: tls.port } as const;
  await expect(send(syslog(address))).rejects.toThrow(`dial tcp 127.0.0.1:${tls.port}: `);
  await send(syslog(address, { ...NO_TLS, caCert: join(certificates, 'cert') }));
  await until(() => /^\d+ <30>1 .* tag - one\n\d+ <30>1 .* tag - two\n$/.test(tls.heard.bytes.toString()));
  await send(syslog(address, { ...NO_TLS, skipVerify: true }, 'rfc3164'));
  await until(() => /two\n<30>.* one\n<30>.* two\n$/.test(tls.heard.bytes.toString()));
  await expect(send(syslog(address, { ...NO_TLS, caCert: '/none' }))).rejects.toThrow(
    'could not read certificate /none',
  );
});

/** A unix datagram socket; `read` returns what has come. */
function bindUnixDatagrams(path: string): { read(): readonly string[] } {
  const fd = openSocket(1, 2 | 0o4000, 0);
  bindSocket(fd, Buffer.concat([Buffer.from([1, 0]), Buffer.from(`${path}\0`)]));
  cleanups.push(() => closeFd(fd));
  const buffer = Buffer.alloc(1 << 20);
  const heard: string[] = [];
  return {
    read() {
      try {
        while (true) heard.push(Buffer.from(receiveBytes(fd, buffer)).toString());
      } catch {
        return heard;
      }
    },
  };
}

test('the journal and syslog get unix datagrams, and wait while nobody reads them', async () => {
  const path = join(root, 'd');
  const socket = bindUnixDatagrams(path);
  await send({ kind: 'journald', origin }, path);
  expect(socket.read().join('')).toMatch(/MESSAGE=one\n[^]*CONTAINER_NAME=web\n[^]*MESSAGE=two\n/);
  await send(syslog({ kind: 'unixgram', path }));
  expect(socket.read().slice(2).join('')).toMatch(LINES);

  const many = Array.from({ length: 500 }, (_, at) => ({ ...records[0], text: String(at) }) as OutgoingRecord);
  await using sink = await createLogSinks({ journalSocket: path }).open({ kind: 'journald', origin }, { signal });
  const sent = { all: false };
  const sending = sink.send(many, { signal }).then(() => {
    sent.all = true;
  });
  await until(() => {
    socket.read();
    return sent.all;
  });
  await sending;
  expect(
    socket
      .read()
      .slice(4)
      .map((text) => /MESSAGE=(\d+)/.exec(text)?.[1]),
  ).toEqual(many.map(({ text }) => text));
});

test('GELF goes over UDP compressed, and over TCP with zeros between', async () => {
  const gelf = { kind: 'gelf', origin, compression: 'gzip', compressionLevel: 1 } as const;
  const heard: string[] = [];
  const udp = createSocket('udp4');
  udp.on('message', (message) => heard.push(JSON.parse(gunzipSync(message).toString()).short_message));
  await new Promise<void>((resolve) => udp.bind(0, '127.0.0.1', resolve));
  cleanups.push(() => udp.close());
  await send({ ...gelf, address: { kind: 'udp', host: 'localhost', port: udp.address().port } });
  await until(() => heard.length === 2);
  expect(heard).toEqual(['one', 'two']);

  const tcp = await serve(createServer(), 0);
  await send({ ...gelf, address: { kind: 'tcp', host: '127.0.0.1', port: tcp.port } });
  await until(() => tcp.heard.bytes.toString().split('\0').length === 3);
  expect(
    tcp.heard.bytes
      .toString()
      .split('\0')
      .slice(0, 2)
      .map((text) => JSON.parse(text)._tag),
  ).toEqual(['tag', 'tag']);
});

const fluentd = (port: number) =>
  ({
    kind: 'fluentd',
    origin,
    address: { kind: 'tcp', host: '127.0.0.1', port },
    subSecond: false,
    requestAck: true,
    recordsPerMessage: 1,
    writeTimeoutMs: 2000,
  }) as const;

test('fluentd answers each message', async () => {
  const ackOf = (piece: Buffer): Buffer => {
    const at = piece.lastIndexOf('chunk') + 'chunk'.length;
    return Buffer.concat([Buffer.from([0x81, 0xa3]), Buffer.from('ack'), piece.subarray(at)]);
  };
  const { heard, port } = await serve(createServer(), 0, ackOf);
  await send(fluentd(port));
  expect(heard.bytes.toString('latin1')).toMatch(/one[^]*two/);
});

test('an answer for something else, and a connection that ends before the answer, are failures', async () => {
  const wrong = await serve(createServer(), 0, () => Buffer.alloc(100));
  await expect(send(fluentd(wrong.port))).rejects.toThrow('not the answer that was expected');
  const silent = await serve(createServer(), 0, () => {
    for (const socket of silent.heard.sockets) socket.destroy();
    return undefined;
  });
  await expect(send(fluentd(silent.port))).rejects.toThrow('the other side has closed the connection');
});

test('a remote that is not there is told in the words of Go', async () => {
  const { port } = await serve(createServer(), 0);
  for (const cleanup of cleanups.splice(0)) cleanup();
  await until(() => true);
  await expect(send(syslog({ kind: 'tcp', host: '127.0.0.1', port }))).rejects.toThrow(
    `dial tcp 127.0.0.1:${port}: connect: connection refused`,
  );
  await expect(send(syslog({ kind: 'unix', path: '/none/s' }))).rejects.toThrow(
    'dial unix /none/s: connect: no such file',
  );
  await expect(send(syslog({ kind: 'unixgram', path: '/none/s' }))).rejects.toThrow(
    'dial unixgram /none/s: connect: no such file or directory',
  );
  await expect(send({ kind: 'journald', origin }, '/none')).rejects.toThrow('journald is not enabled on this host');
});

test('a sink tells when its remote has gone', async () => {
  const { heard, port } = await serve(createServer(), 0);
  await using sink = await createLogSinks().open(syslog({ kind: 'tcp', host: '127.0.0.1', port }), { signal });
  await until(() => heard.sockets.length === 1);
  heard.sockets[0]?.destroy();
  expect((await sink.broken).message).toContain('closed');
});
