import { expect, test } from 'bun:test';
import { createNetworkNamespaces } from './network-namespaces.host.ts';

test('a link that is removed aside is gone then, can be made again, and is fine to be gone already', async () => {
  const namespaces = createNetworkNamespaces();
  const name = `skn${process.pid}`;
  try {
    for (let round = 0; round < 2; round++) {
      expect(namespaces.ensureBridge(name, [], { mtu: undefined, ipv6: 'off' })).toBe(true);
      await namespaces.removeLinkAside(name);
      expect(namespaces.hasLink(name)).toBe(false);
    }
    await namespaces.removeLinkAside(name);
  } finally {
    namespaces.removeLink(name);
  }
});
