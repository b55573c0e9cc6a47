import { expect, test } from 'bun:test';
import { openText, proxyEnv } from './client-side.ts';

const CONFIG = {
  proxies: {
    default: { httpProxy: 'http://p:1', noProxy: 'local' },
    'tcp://far:2375': { httpsProxy: 'http://q:2' },
  },
};

test('the proxies of the default go into upper and lower case', () => {
  expect(proxyEnv(CONFIG, 'unix:///var/run/docker.sock')).toEqual([
    'HTTP_PROXY=http://p:1',
    'http_proxy=http://p:1',
    'NO_PROXY=local',
    'no_proxy=local',
  ]);
});

test('a daemon with its own proxies has only these', () => {
  expect(proxyEnv(CONFIG, 'tcp://far:2375')).toEqual(['HTTPS_PROXY=http://q:2', 'https_proxy=http://q:2']);
});

test('without proxies there are none', () => {
  expect(proxyEnv({}, 'unix:///x')).toEqual([]);
});

test('a file that is missing or a folder is named as Go names it', () => {
  expect(() => openText('/no/such/file')).toThrow('open /no/such/file: no such file or directory');
  expect(() => openText('/tmp')).toThrow('read /tmp: is a directory');
});
