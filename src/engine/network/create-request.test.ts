import { expect, test } from 'bun:test';
import { parseNetworkCreate } from './create-request.ts';

test.each([
  [{}, 'name is empty'],
  [{ Name: ' ' }, 'name is empty'],
  [{ Name: 'host' }, 'operation is not permitted on predefined host network'],
  [{ Name: 'x', Driver: 'overlay' }, 'This node is not a swarm manager.'],
  [{ Name: 'x', Driver: 'host' }, 'only one instance of "host" network is allowed'],
  [{ Name: 'x', Driver: 'nope' }, 'could not find plugin nope in v1 plugin registry: plugin not found'],
  [{ Name: 'x', Scope: 'swarm' }, 'cannot create a swarm scoped network when swarm is not active'],
  [{ Name: 'x', Scope: 'moon' }, 'scope moon is not supported yet'],
  [{ Name: 'x', Ingress: true }, 'Ingress network can only be global scope network'],
  [{ Name: 'x', IPAM: { Driver: 'dhcp' } }, 'IPAM driver dhcp is not supported yet'],
  [{ Name: 'x', IPAM: { Config: {} } }, 'IPAM.Config must be an array'],
  [{ Name: 'x', Labels: { a: 1 } }, 'Labels must be a string'],
  [{ Name: 'x', EnableIPv6: 'yes' }, 'EnableIPv6 must be a boolean'],
  [{ Name: 'x', ConfigOnly: true, Internal: true }, 'configuration network can only contain network specific fields'],
  [{ Name: 'x', ConfigOnly: true, Scope: 'local' }, 'configuration network can only contain network specific fields'],
  [{ Name: 'x', ConfigOnly: true, ConfigFrom: { Network: 'c' } }, 'cannot depend on another configuration network'],
  [{ Name: 'x', ConfigFrom: { Network: 'c' }, Labels: { a: '1' } }, 'user specified configurations are not supported'],
  [{ Name: 'x', ConfigFrom: { Network: 'c' }, EnableIPv6: true }, 'user specified configurations are not supported'],
  [{ Name: 'x', ConfigFrom: { Network: 'c' }, Options: { a: '1' } }, 'network driver options are not supported'],
])('the request %o is refused', (body, text) => {
  expect(() => parseNetworkCreate(body)).toThrow(text);
});

test('control characters are no part of a name', () => {
  for (const Name of ['a\u001bb', 'a\n', '\u0000'])
    expect(() => parseNetworkCreate({ Name })).toThrow('invalid network name: ');
});

test('a name may be whatever is not blank', () => {
  for (const Name of ['a/b', 'ünï', '-x', 'a:b', 'x'.repeat(255)]) expect(parseNetworkCreate({ Name }).name).toBe(Name);
});

test('null stands for what a client does not say', () => {
  expect(
    parseNetworkCreate({ Name: 'p_default', Driver: null, Options: null, Labels: null, IPAM: { Config: null } }),
  ).toEqual({
    name: 'p_default',
    driver: 'bridge',
    configs: [],
    ipamOptions: null,
    enableIPv4: undefined,
    enableIPv6: undefined,
    options: {},
    labels: {},
    internal: false,
    attachable: false,
    configOnly: false,
    configFrom: '',
  });
});
