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

export const noFreeAddress = (name: string, subnet: string) =>
  new KnownError('system', `no available IPv4 addresses on this network's address pools: ${name} (${subnet})`);

export const addressInUse = () => new KnownError('forbidden', 'Address already in use');

export const badEndpoint = (text: string) => new KnownError('invalid_parameter', `invalid endpoint settings:\n${text}`);

export const endpointExists = (container: string, network: string) =>
  new KnownError('forbidden', `endpoint with name ${container} already exists in network ${network}`);

export const notConnected = (containerId: string, network: string) =>
  new KnownError('forbidden', `container ${containerId} is not connected to network ${network}`);

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

export const badNetwork = (text: string) => new KnownError('invalid_parameter', `invalid network config:\n${text}`);
