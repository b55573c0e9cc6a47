import { expect, test } from 'bun:test';
import { gunzipSync, inflateSync } from 'node:zlib';
import { formatAck, formatForward } from './fluentd-format.ts';
import { formatGelf, toGelfDatagrams } from './gelf-format.ts';
import { fieldName, formatJournal, journalFields } from './journal-format.ts';
import type { GelfRemote, LogOrigin, OutgoingRecord, SyslogFormat } from './log-sink.ts';
import { type Packable, pack } from './msgpack.ts';
import { formatSyslog } from './syslog-format.ts';

const origin: LogOrigin = {
  containerId: 'abcdef0123456789',
  containerName: 'web',
  imageId: 'sha256:1',
  imageName: 'busybox',
  command: 'sh',
  created: '2026-01-01T00:00:00Z',
  tag: 'docker/web',
  extra: { team: 'a', _raw: 'b' },
};
const record: OutgoingRecord = {
  stream: 'stdout',
  time: { seconds: Date.UTC(2026, 0, 2, 3, 4, 5) / 1000, nanos: 123_456_789 },
  text: 'hello',
};
const ahead = (minutes: number) => ({ hostname: 'host', pid: 7, offsetMinutes: () => minutes });

test.each<[SyslogFormat, number, boolean, string]>([
  ['local', 0, false, '<30>Jan  2 03:04:05 docker/web[7]: hello\n'],
  ['rfc3164', 60, false, '<30>Jan  2 04:04:05 host docker/web[7]: hello\n'],
  ['rfc5424', 0, false, '<30>1 2026-01-02T03:04:05Z host docker/web 7 docker/web - hello\n'],
  ['rfc5424', -330, false, '<30>1 2026-01-01T21:34:05-05:30 host docker/web 7 docker/web - hello\n'],
  ['rfc5424micro', 60, true, '76 <30>1 2026-01-02T04:04:05.123456+01:00 host docker/web 7 docker/web - hello\n'],
])('syslog %s, %i minutes ahead, counted %p', (format, offset, counted, text) => {
  expect(formatSyslog({ facility: 3, format, origin }, record, ahead(offset), counted)).toBe(text);
});

test('stderr is an error for syslog, in its facility', () => {
  const text = formatSyslog(
    { facility: 23, format: 'local', origin },
    { ...record, stream: 'stderr' },
    ahead(0),
    false,
  );
  expect(text).toStartWith('<187>');
});

const gelf: GelfRemote = {
  kind: 'gelf',
  origin,
  address: { kind: 'udp', host: 'h', port: 1 },
  compression: 'gzip',
  compressionLevel: 1,
};

test('a GELF message has the fields of the container, the time in milliseconds and the level by stream', () => {
  expect(JSON.parse(formatGelf(gelf, { ...record, stream: 'stderr' }, 'host'))).toEqual({
    version: '1.1',
    host: 'host',
    short_message: 'hello',
    timestamp: 1_767_323_045.123,
    level: 3,
    _command: 'sh',
    _container_id: origin.containerId,
    _container_name: 'web',
    _created: origin.created,
    _image_id: 'sha256:1',
    _image_name: 'busybox',
    _tag: 'docker/web',
    _team: 'a',
    _raw: 'b',
  });
});

test('GELF datagrams are compressed as asked for, and long ones are cut into numbered chunks', () => {
  const none = { compression: 'none', compressionLevel: 1 } as const;
  expect(gunzipSync(toGelfDatagrams('x', gelf)[0] ?? '').toString()).toBe('x');
  expect(inflateSync(toGelfDatagrams('x', { ...none, compression: 'zlib' })[0] ?? '').toString()).toBe('x');
  const text = 'y'.repeat(3000);
  const chunks = toGelfDatagrams(text, none, Buffer.from('12345678'));
  expect(chunks.map((chunk) => Buffer.from(chunk.subarray(0, 12)).toString('hex'))).toEqual([
    '1e0f31323334353637380003',
    '1e0f31323334353637380103',
    '1e0f31323334353637380203',
  ]);
  expect(Buffer.concat(chunks.map((chunk) => chunk.subarray(12))).toString()).toBe(text);
  expect(toGelfDatagrams('z'.repeat(200_000), none)).toEqual([]);
});

test('the journal gets the fields of the container, and values of several lines by their length', () => {
  const fields = journalFields(origin, { ...record, partial: { id: 'p', ordinal: 2, last: false } });
  expect(fields).toMatchObject({
    PRIORITY: '6',
    MESSAGE: 'hello',
    CONTAINER_ID: 'abcdef012345',
    CONTAINER_ID_FULL: origin.containerId,
    CONTAINER_NAME: 'web',
    CONTAINER_TAG: 'docker/web',
    IMAGE_NAME: 'busybox',
    SYSLOG_IDENTIFIER: 'docker/web',
    SYSLOG_TIMESTAMP: '2026-01-02T03:04:05.123456789Z',
    TEAM: 'a',
    RAW: 'b',
    CONTAINER_PARTIAL_MESSAGE: 'true',
    CONTAINER_PARTIAL_ORDINAL: '2',
  });
  expect(Buffer.from(formatJournal({ A: 'x', B: 'y\nz' })).toString('latin1')).toBe('A=x\nB\n\x03\0\0\0\0\0\0\0y\nz\n');
  expect([fieldName('com.example-x'), fieldName('__'), fieldName('é1')]).toEqual(['COM_EXAMPLE_X', '', '1']);
});

test.each<[Packable, string]>([
  ['a', 'a161'],
  [5, '05'],
  [300, 'cf000000000000012c'],
  [['a', 1], '92a16101'],
  [new Map([['k', 'v']]), '81a16ba176'],
  [{ seconds: 1, nanos: 2 }, 'd7000000000100000002'],
])('msgpack of %p', (value, hex) => {
  expect(Buffer.from(pack(value)).toString('hex')).toBe(hex);
});

test.each([
  [31, 'bf'],
  [32, 'd920'],
  [256, 'da0100'],
  [65_536, 'db00010000'],
])('msgpack of a text of %i bytes', (length, head) => {
  expect(
    Buffer.from(pack('x'.repeat(length)))
      .toString('hex')
      .slice(0, head.length),
  ).toBe(head);
});

test('a forward message is tag, entries with times, and options with the chunk that is answered', () => {
  const message = Buffer.from(formatForward({ origin: { ...origin, extra: {} }, subSecond: true }, [record], 'c1'));
  const entry = pack(
    new Map([
      ['container_id', origin.containerId],
      ['container_name', '/web'],
      ['source', 'stdout'],
      ['log', 'hello'],
    ]),
  );
  expect(message.subarray(0, 13).toString('hex')).toBe(`93aa${Buffer.from('docker/web').toString('hex')}91`);
  expect(message.includes(entry)).toBe(true);
  expect(message.includes(Buffer.from('d700', 'hex'))).toBe(true);
  expect(
    message.includes(
      Buffer.from(
        pack(
          new Map<string, Packable>([
            ['size', 1],
            ['chunk', 'c1'],
          ]),
        ),
      ),
    ),
  ).toBe(true);
  expect(Buffer.from(formatAck('c1')).toString('hex')).toBe('81a361636ba26331');
});
