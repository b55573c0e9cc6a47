import { expect, test } from 'bun:test';
import { openDatabase } from './database.host.ts';
import { createNetworkRecords } from './network-records.host.ts';

/** As 0.1 wrote them. */
const OLD_NETWORK = {
  id: 'n',
  name: 'net',
  created: '2026-01-01T00:00:00Z',
  link: 'br-n',
  subnet: '10.1.0.0/24',
  gateway: '10.1.0.1',
  ipRange: '10.1.0.0/28',
  aux: { a: '10.1.0.9' },
  chosen: true,
  internal: false,
  attachable: true,
  icc: false,
  masquerade: false,
  mtu: 1400,
  options: { o: '1' },
  ipamOptions: null,
  labels: { l: '2' },
};
const OLD_SANDBOX = {
  containerId: 'c',
  endpoints: [
    { network: 'none', networkId: '0', endpointId: 'e', settings: {} },
    {
      network: 'net',
      networkId: 'n',
      endpointId: 'f',
      bridged: { ip: '10.1.0.2', mac: '02:42:0a:01:00:02', hostLink: 'ska', link: 'eth0' },
      settings: {},
    },
  ],
};

test('rows of a database from before IPv6 are read as today’s, and the next start reads them alike', () => {
  const db = openDatabase(':memory:');
  const records = createNetworkRecords(db);
  db.run('INSERT INTO network (id, name, record) VALUES (?, ?, ?)', ['n', 'net', JSON.stringify(OLD_NETWORK)]);
  db.run('INSERT INTO sandbox (container, record) VALUES (?, ?)', ['c', JSON.stringify(OLD_SANDBOX)]);
  const [network] = records.networks();
  expect(network).toEqual({
    id: 'n',
    name: 'net',
    created: '2026-01-01T00:00:00Z',
    driver: 'bridge',
    link: 'br-n',
    ownsLink: true,
    subnets: [
      {
        family: 4,
        subnet: '10.1.0.0/24',
        gateway: '10.1.0.1',
        ipRange: '10.1.0.0/28',
        aux: { a: '10.1.0.9' },
        chosen: true,
      },
    ],
    enableIPv4: true,
    enableIPv6: false,
    internal: false,
    attachable: true,
    icc: false,
    masquerade4: false,
    masquerade6: false,
    gatewayMode4: 'nat',
    gatewayMode6: 'nat',
    trustedHostInterfaces: [],
    inhibitIPv4: false,
    mtu: 1400,
    configOnly: false,
    options: { o: '1' },
    ipamOptions: null,
    labels: { l: '2' },
  });
  const [sandbox] = records.list();
  expect(sandbox?.endpoints.map(({ wired }) => wired)).toEqual([
    undefined,
    { ip: '10.1.0.2', mac: '02:42:0a:01:00:02', hostLink: 'ska', link: 'eth0' },
  ]);
  expect(Object.keys(sandbox?.endpoints[1] ?? {})).not.toContain('bridged');
  if (sandbox) records.put(sandbox);
  expect(records.list()).toEqual(sandbox ? [sandbox] : []);
});
