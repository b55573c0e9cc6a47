import { expect, test } from 'bun:test';
import { parseListenAddress } from './listen-address.ts';

test.each([
  ['unix:///x/y', '/x/y'],
  ['unix://', '/var/run/docker.sock'],
  ['tcp://', '127.0.0.1:2375'],
  ['tcp://:99', '127.0.0.1:99'],
  [':99', '127.0.0.1:99'],
  ['tcp://0.0.0.0', '0.0.0.0:2375'],
  ['tcp://[::1]:1', '[::1]:1'],
  ['tcp://host.example:7/', 'host.example:7'],
])('%s is %s', (text, shown) => {
  expect(parseListenAddress(text, false).shown).toBe(shown);
});

test('with TLS the port is another one', () => {
  expect(parseListenAddress('tcp://127.0.0.1', true).shown).toBe('127.0.0.1:2376');
});

test.each([
  ['tcp://127.0.0.1', true],
  ['tcp://localhost:1', true],
  ['tcp://[::1]', true],
  ['tcp://0.0.0.0', false],
  ['tcp://10.0.0.1', false],
  ['tcp://127.example', false],
])('%s is loopback: %p', (text, loopback) => {
  expect(parseListenAddress(text, false)).toMatchObject({ loopback });
});

test.each(['unix://x', 'http://x', 'tcp://x:99999', 'tcp://x:y', 'tcp://::1', 'npipe:////./x'])(
  '%s is refused',
  (text) => {
    expect(() => parseListenAddress(text, false)).toThrow('invalid bind address');
  },
);

test('sockets of a service manager are refused by name', () => {
  expect(() => parseListenAddress('fd://', false)).toThrow('fd:// is not supported');
});
