import { expect, test } from 'bun:test';
import { withDefaultOptions } from './default-options.ts';

const defaults = { bridge: { a: '1', b: '2' }, macvlan: { parent: 'eth0' } };

test.each([
  [{}, { Options: { a: '1', b: '2' } }],
  [
    { Driver: 'default', Options: null },
    { Driver: 'default', Options: { a: '1', b: '2' } },
  ],
  [
    { Driver: 'bridge', Options: { b: '3' } },
    { Driver: 'bridge', Options: { a: '1', b: '3' } },
  ],
  [{ Driver: 'macvlan' }, { Driver: 'macvlan', Options: { parent: 'eth0' } }],
  [{ Driver: 'ipvlan' }, { Driver: 'ipvlan' }],
  [{ Driver: 'constructor' }, { Driver: 'constructor' }],
  [{ ConfigFrom: { Network: 'c' } }, { ConfigFrom: { Network: 'c' } }],
  [{ Options: 'x' }, { Options: 'x' }],
])('the request %j is taken for %j', (body, whole) => {
  expect(withDefaultOptions(body, defaults)).toEqual(whole);
});
