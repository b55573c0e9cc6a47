import { closeSync, existsSync, openSync, readdirSync, writeFileSync } from 'node:fs';
import { errnoOf, wrapError } from '../../lib/errors.ts';
import { mount } from '../ffi/libc.host.ts';
import { MS } from '../mount/mount-flags.ts';
import { isUnsupported, type Links, openLinks, removeLinkAside } from '../netlink/links.host.ts';
import { withHeldProcess } from '../userns/held-process.host.ts';
import { removeNamespaceFile } from '../userns/namespace-file.host.ts';
import { inNamespace, inNamespaceOf, OWN_NETNS } from './enter.host.ts';
import type { DefaultRoutes, NetworkNamespaces, Wire } from './network-namespaces.ts';
import { readRoutes } from './routes.host.ts';

export function createNetworkNamespaces(): NetworkNamespaces {
  const host = openLinks();
  const supported = new Map<string, boolean>();
  const ensureAddress = (name: string, ip: string, prefixLength: number): void => {
    try {
      host.addAddress(name, ip, prefixLength);
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
    }
  };
  return {
    create(path) {
      closeSync(openSync(path, 'wx', 0o444));
      inNamespace(undefined, () => {
        mount(OWN_NETNS, path, 'none', MS.BIND);
        withLinks((links) => links.setUp('lo'));
      });
    },
    connect(path, wire) {
      const fd = openSync(path, 'r');
      try {
        makeLink(host, wire, fd);
        inNamespace(fd, () => withLinks((links) => setUpInside(links, wire)));
      } finally {
        closeSync(fd);
      }
    },
    setRoutes: (path, routes) =>
      inNamespaceOf(path, () =>
        withLinks((links) => {
          for (const family of [4, 6] as const) if (!routeOf(routes, family)) links.removeDefaultRoute(family);
          setRoutes(links, routes);
        }),
      ),
    async createWithin(userns, path) {
      closeSync(openSync(path, 'wx', 0o444));
      // A thread of several cannot enter a user namespace, setns(2).
      await withHeldProcess(['nsenter', `--user=${userns}`, '--', 'unshare', '--net'], (pid) =>
        mount(`/proc/${pid}/ns/net`, path, 'none', MS.BIND),
      );
      inNamespaceOf(path, () => withLinks((links) => links.setUp('lo')));
    },
    remove: removeNamespaceFile,
    removeLink: (hostName) => host.remove(hostName),
    async removeLinkAside(name) {
      let over = false;
      const removing = removeLinkAside(name).finally(() => {
        over = true;
      });
      // The kernel is not done with it for some time after that.
      while (!over && hasLink(name)) await Promise.race([removing, Bun.sleep(1)]);
      if (hasLink(name)) await removing;
      else removing.catch(() => undefined);
    },
    removeInside: (path, linkName) =>
      ignoringGone(() => inNamespaceOf(path, () => withLinks((links) => links.remove(linkName)))),
    hasLink,
    hasInside: (path, linkName) => existsSync(path) && inNamespaceOf(path, () => existsSync(confOf(4, linkName))),
    ensureBridge(name, addresses, { mtu, ipv6 }) {
      const made = !hasLink(name);
      if (made) host.createBridge(name, mtu);
      if (ipv6 !== 'keep') switchIPv6(name, ipv6 === 'on');
      // A container must not tell the host where to send its traffic (CVE-2020-13401).
      if (ipv6 === 'on') writeFileSync(`${confOf(6, name)}/accept_ra`, '0');
      for (const { ip, prefixLength } of addresses) ensureAddress(name, ip, prefixLength);
      host.setUp(name);
      return made;
    },
    ensureParent(name, below) {
      if (hasLink(name)) return;
      if (below) host.createVlan(name, below.link, below.vlanId);
      else host.createDummy(name);
    },
    supports(kind) {
      const known = supported.get(kind) ?? inNamespace(undefined, () => withLinks((links) => canMake(links, kind)));
      supported.set(kind, known);
      return known;
    },
    routes: readRoutes,
    linksNamed: (prefix) => readdirSync('/sys/class/net').filter((name) => name.startsWith(prefix)),
    setSysctl: (name, value) => writeFileSync(`/proc/sys/${name}`, value),
  };
}

function makeLink(host: Links, { end, linkName, mac, mtu }: Wire, netnsFd: number): void {
  const common = { netnsFd, ...(mtu !== undefined && { mtu }) };
  switch (end.kind) {
    case 'bridge':
      host.createVeth({ ...common, name: end.hostName, bridge: end.bridge, peerName: linkName, peerMac: mac });
      // With br_netfilter, a container's own published port leads back to the wire it came from.
      writeFileSync(`/sys/class/net/${end.hostName}/brport/hairpin_mode`, '1');
      if (end.isolated) writeFileSync(`/sys/class/net/${end.hostName}/brport/isolated`, '1');
      return;
    case 'macvlan':
      return host.createOn({ ...common, parent: end.parent, name: linkName, kind: end, mac });
    case 'ipvlan':
      // Its MAC is the parent's.
      return host.createOn({ ...common, parent: end.parent, name: linkName, kind: end });
  }
}

/** IPv6 and settings before the link is up: nothing of it is seen outside. */
function setUpInside(links: Links, { linkName, addresses, routes, ipv6, sysctls }: Wire): void {
  switchIPv6(linkName, ipv6);
  for (const { ip, prefixLength } of addresses) links.addAddress(linkName, ip, prefixLength);
  for (const [name, value] of Object.entries(sysctls)) {
    try {
      writeFileSync(`/proc/sys/${name}`, value);
    } catch (error) {
      throw wrapError(error, `failed to set sysctl ${name}=${value}`);
    }
  }
  links.setUp(linkName);
  setRoutes(links, routes);
}

function setRoutes(links: Links, routes: DefaultRoutes): void {
  for (const family of [4, 6] as const) {
    const route = routeOf(routes, family);
    if (route) links.setDefaultRoute(family, route);
  }
}

/** Tries it, in a namespace that is of no use to anybody. */
function canMake(links: Links, kind: 'macvlan' | 'ipvlan' | 'vlan'): boolean {
  links.createDummy('below');
  try {
    if (kind === 'vlan') links.createVlan('above', 'below', 1);
    else if (kind === 'macvlan') links.createOn({ parent: 'below', name: 'above', kind: { kind, mode: 'bridge' } });
    else links.createOn({ parent: 'below', name: 'above', kind: { kind, mode: 'l2', flag: 'bridge' } });
    return true;
  } catch (error) {
    if (isUnsupported(error)) return false;
    throw error;
  }
}

function routeOf(routes: DefaultRoutes, family: 4 | 6): DefaultRoutes['ipv4'] {
  return family === 4 ? routes.ipv4 : routes.ipv6;
}

function withLinks<T>(work: (links: Links) => T): T {
  const links = openLinks();
  try {
    return work(links);
  } finally {
    links.close();
  }
}

function hasLink(name: string): boolean {
  return existsSync(`/sys/class/net/${name}`);
}

/** Settings of a link, in the namespace of the calling thread: unlike /sys, /proc/sys is always that one's. */
function confOf(family: 4 | 6, link: string): string {
  return `/proc/sys/net/ipv${family}/conf/${link}`;
}

/** A kernel without IPv6 has nothing to switch off. */
function switchIPv6(link: string, on: boolean): void {
  const setting = `${confOf(6, link)}/disable_ipv6`;
  if (on || existsSync(setting)) writeFileSync(setting, on ? '0' : '1');
}

function ignoringGone(call: () => void): void {
  try {
    call();
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT' && errnoOf(error) !== 'EINVAL') throw error;
  }
}
