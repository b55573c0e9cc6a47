import { describe, expect, test } from 'bun:test';
import type { HostConfig } from '../../../api/types/container.ts';
import { formatTag, type LogSubject } from './log-attributes.ts';
import { planLog } from './log-plan.ts';
import { retryDelayMs } from './retry.ts';

type Driver = NonNullable<NonNullable<HostConfig['LogConfig']>['Type']>;

const subject: LogSubject = {
  id: 'abcdef0123456789',
  name: 'web',
  imageId: 'sha256:0123456789abcdef',
  created: '2026-01-02T03:04:05Z',
  config: {
    Image: 'busybox:latest',
    Entrypoint: ['sh'],
    Cmd: ['-c', 'true'],
    Labels: { a: '1', 'com.example.b': '2', C: '3' },
    Env: ['B=2=3', 'BARE', 'X=y'],
  },
};
const plan = (Type: string, Config: Record<string, string> = {}) => planLog({ Type: Type as Driver, Config }, subject);

describe('files', () => {
  test.each([
    ['json-file', {}, { maxFiles: 1 }],
    ['json-file', { 'max-size': '-1' }, { maxFiles: 1 }],
    [
      'json-file',
      { 'max-size': '10m', 'max-file': '3', compress: 'true' },
      { maxSizeBytes: 10_000_000, maxFiles: 3, compress: true },
    ],
    [
      'json-file',
      { labels: 'a', 'labels-regex': '^com', env: 'B', 'env-regex': '^X', tag: '{{.Name}}/{{.ID}}' },
      { maxFiles: 1, attrs: '{"a":"1","com.example.b":"2","B":"2=3","X":"y","tag":"web/abcdef012345"}' },
    ],
    ['json-file', { mode: 'non-blocking', 'max-buffer-size': '4m' }, { maxFiles: 1 }],
    ['local', {}, { maxSizeBytes: 20_971_520, maxFiles: 5, compress: true }],
    ['local', { 'max-size': '1k', 'max-file': '2', compress: 'false' }, { maxSizeBytes: 1000, maxFiles: 2 }],
    ['syslog', {}, { maxSizeBytes: 20_971_520, maxFiles: 5, compress: true }],
    [
      'syslog',
      { 'cache-max-size': '1m', 'cache-max-file': '1', 'cache-compress': 'false' },
      { maxSizeBytes: 1_000_000, maxFiles: 2 },
    ],
    ['none', { anything: 'x' }, undefined],
  ])('%s %j', (driver, options, file) => {
    expect(plan(driver, options as unknown as Record<string, string>).file).toEqual(file as never);
  });
});

describe('remotes', () => {
  test.each([
    ['', { kind: 'local' }],
    ['udp://10.0.0.1', { kind: 'udp', host: '10.0.0.1', port: 514 }],
    ['tcp://[::1]:601', { kind: 'tcp', host: '::1', port: 601 }],
    ['tcp+tls://logs.example.com:6514', { kind: 'tls', host: 'logs.example.com', port: 6514 }],
    ['unix:///dev/log', { kind: 'unix', path: '/dev/log' }],
    ['unixgram:///dev/log', { kind: 'unixgram', path: '/dev/log' }],
  ])('syslog at %p', (text, address) => {
    const { forward } = plan('syslog', text === '' ? {} : { 'syslog-address': text });
    expect(forward?.remote).toMatchObject({ kind: 'syslog', address, facility: 3, format: 'local' });
  });

  test.each([
    ['', { kind: 'tcp', host: '127.0.0.1', port: 24_224 }],
    ['logs', { kind: 'tcp', host: 'logs', port: 24_224 }],
    ['logs:1', { kind: 'tcp', host: 'logs', port: 1 }],
    ['tls://logs:2', { kind: 'tls', host: 'logs', port: 2 }],
    ['unix:///run/f', { kind: 'unix', path: '/run/f' }],
  ])('fluentd at %p', (text, address) => {
    expect(plan('fluentd', text === '' ? {} : { 'fluentd-address': text }).forward?.remote).toMatchObject({ address });
  });

  test('a facility is a name or a number', () => {
    const of = (facility: string) => plan('syslog', { 'syslog-facility': facility }).forward?.remote;
    expect([of('local7'), of('23'), of('kern')]).toMatchObject([{ facility: 23 }, { facility: 23 }, { facility: 0 }]);
  });

  test('gelf and fluentd say how often they are tried again, and fluentd whether a start waits for it', () => {
    expect(
      plan('gelf', {
        'gelf-address': 'tcp://h:1',
        'gelf-tcp-max-reconnect': '5',
        'gelf-tcp-reconnect-delay': '2',
      }).forward,
    ).toMatchObject({ retry: { maxRetries: 5, delayMs: 2000 }, mustAnswer: true });
    expect(
      plan('fluentd', {
        'fluentd-async': 'true',
        'fluentd-async-reconnect-interval': '1s',
        'fluentd-retry-wait': '500ms',
        'fluentd-max-retries': '7',
        'fluentd-request-ack': '1',
        'fluentd-sub-second-precision': 'true',
        'fluentd-buffer-limit': '64',
        'fluentd-write-timeout': '3s',
      }).forward,
    ).toMatchObject({
      remote: { subSecond: true, requestAck: true, recordsPerMessage: 64, writeTimeoutMs: 3000 },
      retry: { maxRetries: 7, delayMs: 500 },
      mustAnswer: false,
      reconnectMs: 1000,
    });
  });

  test('a remote is told whose output it is', () => {
    expect(plan('journald', { labels: 'a', env: 'X', tag: 'docker/{{.Name}}' }).forward?.remote.origin).toEqual({
      containerId: subject.id,
      containerName: 'web',
      imageId: subject.imageId,
      imageName: 'busybox:latest',
      command: 'sh -c true',
      created: subject.created,
      tag: 'docker/web',
      extra: { a: '1', X: 'y' },
    });
    expect(plan('syslog').forward?.remote.origin.tag).toBe('abcdef012345');
  });
});

test.each([
  ['json-file', { 'max-file': '0' }, 'max-file cannot be less than 1'],
  ['json-file', { 'max-size': 'x' }, "invalid value for max-size: x: invalid size: 'x'"],
  ['json-file', { 'max-size': '0' }, 'max-size must be a positive number'],
  ['json-file', { compress: 'yes' }, 'strconv.ParseBool: parsing "yes": invalid syntax'],
  ['json-file', { compress: 'true' }, 'compress cannot be true when max-file is less than 2 or max-size is not set'],
  ['json-file', { nope: '1' }, "unknown log opt 'nope' for json-file log driver"],
  ['json-file', { 'labels-regex': '(' }, 'invalid regular expression in log options: ('],
  ['json-file', { mode: 'sometimes' }, 'logger: logging mode not supported: sometimes'],
  [
    'json-file',
    { 'max-buffer-size': '1m' },
    "logger: max-buffer-size option is only supported with 'mode=non-blocking'",
  ],
  [
    'json-file',
    { mode: 'non-blocking', 'max-buffer-size': 'x' },
    "error parsing option max-buffer-size: invalid size: 'x'",
  ],
  ['json-file', { tag: '{{.Nope}}' }, 'invalid log tag: {{.Nope}}'],
  ['json-file', { tag: '{{.Name' }, 'invalid log tag: {{'],
  ['json-file', { tag: '{{nope .Name}}' }, 'function "nope" not defined'],
  ['local', { nope: '1' }, "unknown log opt 'nope' for log driver local"],
  ['local', { 'max-file': '1' }, 'compression cannot be enabled when max file count is 1'],
  ['local', { 'max-size': '-1' }, 'max-size must not be negative'],
  ['syslog', { nope: '1' }, "unknown log opt 'nope' for syslog log driver"],
  [
    'syslog',
    { 'syslog-address': 'localhost:514' },
    'syslog-address should be in form proto://address, got localhost:514',
  ],
  ['syslog', { 'syslog-facility': '24' }, 'invalid syslog facility'],
  ['syslog', { 'syslog-format': 'rfc1' }, 'invalid syslog format'],
  ['syslog', { 'cache-disabled': 'maybe' }, 'invalid value for option cache-disabled: maybe'],
  ['gelf', {}, 'gelf-address is a required parameter'],
  ['gelf', { nope: '1' }, 'unknown log opt "nope" for gelf log driver'],
  ['gelf', { 'gelf-address': 'http://h:1' }, 'gelf: endpoint needs to be TCP or UDP'],
  ['gelf', { 'gelf-address': 'udp://h' }, 'gelf: please provide gelf-address as proto://host:port'],
  ['gelf', { 'gelf-address': 'tcp://h:1', 'gelf-compression-type': 'gzip' }, 'compression is only supported on UDP'],
  [
    'gelf',
    { 'gelf-address': 'udp://h:1', 'gelf-compression-level': '10' },
    'unknown value "10" for log opt "gelf-compression-level" for gelf log driver',
  ],
  [
    'gelf',
    { 'gelf-address': 'tcp://h:1', 'gelf-tcp-max-reconnect': '-1' },
    'gelf-tcp-max-reconnect must be a positive integer',
  ],
  ['fluentd', { nope: '1' }, "unknown log opt 'nope' for fluentd log driver"],
  ['fluentd', { 'fluentd-address': 'udp://h:1' }, "invalid fluentd-address (udp://h:1): unsupported scheme: 'udp'"],
  ['fluentd', { 'fluentd-address': 'unix://' }, 'invalid fluentd-address (unix://): path is empty'],
  ['fluentd', { 'fluentd-address': 'tcp://h:1/x' }, 'should not contain a path element'],
  ['fluentd', { 'fluentd-async': 'maybe' }, 'strconv.ParseBool: parsing "maybe": invalid syntax'],
  ['fluentd', { 'fluentd-write-timeout': '-1s' }, 'invalid value for fluentd-write-timeout:'],
  ['fluentd', { 'fluentd-async-reconnect-interval': '1h' }, 'must be between 100ms and 10s'],
  ['journald', { nope: '1' }, "unknown log opt 'nope' for journald log driver"],
  ['splunk', {}, "logger: no log driver named 'splunk' is registered: this engine has fluentd, gelf,"],
  ['foo', {}, "logger: no log driver named 'foo' is registered"],
])('%s with %j is refused: %s', (driver, options, text) => {
  expect(() => plan(driver, options as unknown as Record<string, string>)).toThrow(text);
});

test.each([
  ['docker/{{.Name}}/{{ .ID }}', 'docker/web/abcdef012345'],
  ['{{.FullID}} {{.ImageID}} {{.ImageFullID}}', 'abcdef0123456789 0123456789ab sha256:0123456789abcdef'],
  ['{{.ImageName}} {{.DaemonName}} {{.Command}}', 'busybox:latest docker sh -c true'],
  ['{{ .Name | upper }}', 'WEB'],
  ['{{ index .ContainerLabels "com.example.b" }}', '2'],
  ['{{ index .ContainerLabels "gone" }}', ''],
  ['{{ (index .ContainerEnv 0) | lower | json }}', '"b=2=3"'],
  ['{{ truncate .FullID 3 }} {{- pad .Name 1 1 -}} x', 'abc web x'],
  ['{{ join (split "a,b" ",") "-" }}{{ `}}` }}', 'a-b}}'],
  ['{{ title "ab cd" }} {{ print .ContainerLabels }}', 'Ab Cd map[C:3 a:1 com.example.b:2]'],
  ['no template', 'no template'],
])('tag %s is %s', (template, text) => {
  expect(formatTag(template, subject)).toBe(text);
});

test.each([
  [{}, 1, 100],
  [{}, 4, 800],
  [{}, 1000, 10_000],
  [{ delayMs: 2000 }, 2, 4000],
  [{ delayMs: 20_000 }, 3, 20_000],
  [{ maxRetries: 2 }, 2, 200],
  [{ maxRetries: 2 }, 3, undefined],
])('retry by %j after failure %i waits %p ms', (rules, failures, delay) => {
  expect(retryDelayMs(rules, failures)).toBe(delay as never);
});
