import { KnownError } from '../../lib/errors.ts';

/** Texts of network errors. Clients match on them, so they stand here and nowhere else. */

export const noSuchNetwork = (name: string) => new KnownError('not_found', `network ${name} not found`);

export const ambiguousNetwork = (prefix: string, matches: number) =>
  new KnownError('invalid_parameter', `network ${prefix} is ambiguous (${matches} matches found based on ID prefix)`);

export const networkExists = (name: string) => new KnownError('conflict', `network with name ${name} already exists`);

export const predefinedCreate = (name: string) =>
  new KnownError('forbidden', `operation is not permitted on predefined ${name} network`);

export const predefinedRemove = (name: string) =>
  new KnownError('forbidden', `${name} is a pre-defined network and cannot be removed`);

export const activeEndpoints = (name: string, endpoints: readonly string[]) =>
  new KnownError(
    'forbidden',
    `error while removing network: network ${name} has active endpoints (${endpoints.join(', ')})`,
  );

export const poolOverlaps = () =>
  new KnownError('forbidden', 'invalid pool request: Pool overlaps with other one on this address space');

export const poolsUsedUp = () =>
  new KnownError('invalid_parameter', 'all predefined address pools have been fully subnetted');

export const noFreeAddress = (family: 4 | 6, { name, id }: { readonly name: string; readonly id: string }) =>
  new KnownError('system', `no available IPv${family} addresses on this network's address pools: ${name} (${id})`);

export const notInSubnets = (ip: string) =>
  new KnownError('forbidden', `invalid address ${ip}: It does not belong to any of this network's subnets`);

export const linkNameInUse = (name: string) =>
  new KnownError('conflict', `error renaming interface to ${JSON.stringify(name)}: file exists`);

export const customMac = () =>
  new KnownError('not_implemented', 'ipvlan interfaces do not support custom mac address assignment');

export const addressInUse = () => new KnownError('forbidden', 'Address already in use');

/** One text, or a list of several. */
const listed = (texts: readonly string[]): string =>
  texts.length === 1 ? (texts[0] ?? '') : `* ${texts.map((text) => text.replaceAll('\n', '\n\t')).join('\n* ')}`;

export const badEndpoint = (...texts: readonly string[]) =>
  new KnownError('invalid_parameter', `invalid endpoint settings:\n${listed(texts)}`);

export const endpointExists = (container: string, network: string) =>
  new KnownError('forbidden', `endpoint with name ${container} already exists in network ${network}`);

export const notConnected = (containerId: string, network: string) =>
  new KnownError('forbidden', `container ${containerId} is not connected to network ${network}`);

/** As Docker words it for a container that does not run. */
export const notConnectedStopped = (containerId: string, network: string) =>
  new KnownError('forbidden', `container ${containerId} is not connected to the network ${network}`);

export const hostNetwork = () =>
  new KnownError(
    'invalid_parameter',
    'container cannot be disconnected from host network or connected to host network',
  );

export const sharedNamespace = () =>
  new KnownError(
    'invalid_parameter',
    'container sharing network namespace with another container or host cannot be connected to any other network',
  );

export const privateMode = () =>
  new KnownError(
    'invalid_parameter',
    'container cannot be connected to multiple networks with one of the networks in private (none) mode',
  );

export const unsupported = (what: string) => new KnownError('not_implemented', `${what} is not supported yet`);

export const badNetwork = (...texts: readonly string[]) =>
  new KnownError('invalid_parameter', `invalid network config:\n${listed(texts)}`);

export const badOption = (key: string, value: string, why: string) =>
  new KnownError('invalid_parameter', `failed to parse ${key} value: ${value} (${why})`);

export const unknownGatewayMode = (mode: string): string => `unknown gateway mode ${mode}`;

export const isolatedGateway = () =>
  new KnownError('system', "gateway mode 'isolated' can only be used for an internal network");

export const noFamily = () => new KnownError('invalid_parameter', 'IPv4 or IPv6 must be enabled');

export const severalSubnets = () =>
  new KnownError('invalid_parameter', "bridge driver doesn't support multiple subnets");

export const loopbackParent = (driver: string) =>
  new KnownError('system', `loopback interface is not a valid ${driver} parent link`);

export const badMode = (driver: 'macvlan' | 'ipvlan', what: 'mode' | 'flag', value: string) => {
  const usual = driver === 'ipvlan' && what === 'mode' ? 'l2' : 'bridge';
  return new KnownError(
    'system',
    `requested ${driver} ${what} '${value}' is not valid, '${usual}' ${what === 'mode' ? 'mode ' : ''}is the ${driver} driver default`,
  );
};

export const badVlan = (text: string) => new KnownError('system', text);

export const noSuchKind = (kind: string) =>
  new KnownError('not_implemented', `the kernel of this host has no ${kind} links`);

export const parentInUse = (networkId: string, parent: string) =>
  new KnownError('system', `network ${networkId} is already using parent interface ${parent}`);

export const passthruTaken = (networkId: string, parent: string) =>
  new KnownError(
    'system',
    `cannot use mode passthru, macvlan network ${networkId} is already using parent interface ${parent}`,
  );

export const passthruInUse = (networkId: string, parent: string) =>
  new KnownError('system', `macvlan network ${networkId} is already using parent interface ${parent} in mode passthru`);

export const bridgeNameTaken = (id: string, link: string, ownerId: string) =>
  new KnownError(
    'forbidden',
    `cannot create network ${id} (${link}): conflicts with network ${ownerId} (${link}): networks have same bridge name`,
  );

export const notManager = () =>
  new KnownError(
    'forbidden',
    'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.',
  );

export const swarmScope = () =>
  new KnownError('forbidden', 'cannot create a swarm scoped network when swarm is not active');

export const ingressScope = () => new KnownError('forbidden', 'Ingress network can only be global scope network');

export const configOnlyFields = () =>
  new KnownError(
    'forbidden',
    'configuration network can only contain network specific fields. Network operator fields like [ ingress | internal | attachable | scope ] are not supported.',
  );

export const configOnConfig = () =>
  new KnownError('forbidden', 'a configuration network cannot depend on another configuration network');

export const configGiven = () =>
  new KnownError(
    'forbidden',
    'user specified configurations are not supported if the network depends on a configuration network',
  );

export const configOptionsGiven = () =>
  new KnownError(
    'forbidden',
    'network driver options are not supported if the network depends on a configuration network',
  );

export const noConfigNetwork = (name: string) =>
  new KnownError('not_found', `configuration network ${JSON.stringify(name)} does not exist`);

export const configInUse = (name: string) =>
  new KnownError('forbidden', `error while removing network: configuration network ${JSON.stringify(name)} is in use`);

export const configOnlyEndpoint = () =>
  new KnownError('forbidden', 'cannot create endpoint on configuration-only network');

export const noEndpoint = (name: string) => new KnownError('not_found', `endpoint ${name} not found`);

export const badPublishPolicy = (label: string, value: string) =>
  new KnownError(
    'invalid_parameter',
    `invalid label ${label}=${JSON.stringify(value.slice(0, 50))}: docker or host-firewall is wanted`,
  );

export const sctpByHost = (port: string) =>
  new KnownError(
    'invalid_parameter',
    `port ${port} cannot be left to the host's firewall: SCTP is not passed on by a process`,
  );
