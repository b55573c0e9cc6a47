import { closeSync, existsSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { errnoOf } from '../../lib/errors.ts';
import { MNT_DETACH, MS, mount, unmount } from '../ffi/libc.host.ts';
import { openLinks } from '../netlink/links.host.ts';
import { inNamespace, inNamespaceOf, OWN_NETNS } from './enter.host.ts';
import type { NetworkNamespaces } from './network-namespaces.ts';

export function createNetworkNamespaces(): NetworkNamespaces {
  const host = openLinks();
  return {
    create(path) {
      closeSync(openSync(path, 'wx', 0o444));
      inNamespace(undefined, () => {
        mount(OWN_NETNS, path, 'none', MS.BIND);
        const links = openLinks();
        links.setUp('lo');
        links.close();
      });
    },
    connect(path, { bridge, hostName, linkName, mac, ip, prefixLength, gateway, mtu, isolated = false }) {
      const fd = openSync(path, 'r');
      try {
        host.createVeth({
          name: hostName,
          bridge,
          peerName: linkName,
          peerMac: mac,
          netnsFd: fd,
          ...(mtu !== undefined && { mtu }),
        });
        // With br_netfilter, a container's own published port leads back to the wire it came from.
        writeFileSync(`/sys/class/net/${hostName}/brport/hairpin_mode`, '1');
        if (isolated) writeFileSync(`/sys/class/net/${hostName}/brport/isolated`, '1');
        inNamespace(fd, () => {
          const links = openLinks();
          links.addAddress(linkName, ip, prefixLength);
          links.setUp(linkName);
          if (gateway !== undefined) links.setDefaultRoute(gateway);
          links.close();
        });
      } finally {
        closeSync(fd);
      }
    },
    setGateway: (path, gateway) =>
      inNamespaceOf(path, () => {
        const links = openLinks();
        if (gateway === undefined) links.removeDefaultRoute();
        else links.setDefaultRoute(gateway);
        links.close();
      }),
    remove(path) {
      try {
        unmount(path, MNT_DETACH);
      } catch (error) {
        if (errnoOf(error) !== 'EINVAL' && errnoOf(error) !== 'ENOENT') throw error;
      }
      rmSync(path, { force: true });
    },
    removeLink: (hostName) => host.remove(hostName),
    hasLink: (name) => existsSync(`/sys/class/net/${name}`),
    ensureBridge(name, ip, prefixLength, { mtu, withoutIPv6 = false } = {}) {
      const made = !existsSync(`/sys/class/net/${name}`);
      if (made) host.createBridge(name, mtu);
      if (withoutIPv6) disableIPv6(name);
      try {
        host.addAddress(name, ip, prefixLength);
      } catch (error) {
        if (errnoOf(error) !== 'EEXIST') throw error;
      }
      host.setUp(name);
      return made;
    },
    routes: () => parseRoutes(readFileSync('/proc/net/route', 'utf8')),
    linksNamed: (prefix) => readdirSync('/sys/class/net').filter((name) => name.startsWith(prefix)),
    setSysctl: (name, value) => writeFileSync(`/proc/sys/${name}`, value),
  };
}

/** A kernel without IPv6 has nothing to disable. */
function disableIPv6(link: string): void {
  const setting = `/proc/sys/net/ipv6/conf/${link}/disable_ipv6`;
  if (existsSync(setting)) writeFileSync(setting, '1');
}

/** /proc/net/route (proc(5)): tab-separated columns, addresses as the machine's words in hexadecimal. */
function parseRoutes(text: string): ReturnType<NetworkNamespaces['routes']> {
  return text
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [link, network, , , , , , mask] = line.split('\t').map((column) => column.trim());
      if (!link || !network || !mask || mask === '00000000') return [];
      const octets = network.match(/../g)?.map((octet) => Number.parseInt(octet, 16)) ?? [];
      const prefixLength = Number.parseInt(mask, 16).toString(2).replaceAll('0', '').length;
      return [{ link, network: octets.toReversed().join('.'), prefixLength }];
    });
}
