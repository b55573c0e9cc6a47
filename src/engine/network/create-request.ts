import type { IPAMConfig, NetworkCreateRequest } from '../../api/types/network.ts';
import { KnownError } from '../../lib/errors.ts';
import { badNetwork, predefinedCreate, unsupported } from './errors.ts';

/** A request for a bridge network, checked as far as it stands alone. */
export interface WantedNetwork {
  readonly name: string;
  readonly configs: readonly IPAMConfig[];
  readonly ipamOptions: Readonly<Record<string, string>> | null;
  readonly options: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly internal: boolean;
  readonly attachable: boolean;
}

const PREDEFINED = ['bridge', 'host', 'none', 'default'];

/** Reads the body of POST /networks/create. Errors: invalid_parameter, forbidden, not_found (driver), not_implemented. */
export function parseNetworkCreate(body: Readonly<Record<string, unknown>>): WantedNetwork {
  const name = text(body['Name'], 'Name');
  if (name === '') throw new KnownError('invalid_parameter', 'invalid network name: name is empty');
  if (!/^[\w][\w .@+-]*$/u.test(name) || name.length > 255)
    throw new KnownError('invalid_parameter', `invalid network name: ${name.slice(0, 255)}`);
  if (PREDEFINED.includes(name)) throw predefinedCreate(name);
  refuse(body as NetworkCreateRequest);
  const ipam = object(body['IPAM'], 'IPAM');
  const ipamDriver = text(ipam['Driver'], 'IPAM.Driver');
  if (ipamDriver !== '' && ipamDriver !== 'default') throw unsupported(`IPAM driver ${ipamDriver}`);
  const ipamOptions = ipam['Options'];
  if (Object.keys(texts(ipamOptions, 'IPAM.Options')).length > 0) throw unsupported('an option of the IPAM driver');
  return {
    name,
    configs: list(ipam['Config'], 'IPAM.Config').map(parseConfig),
    ipamOptions: ipamOptions === null || ipamOptions === undefined ? null : {},
    options: texts(body['Options'], 'Options'),
    labels: texts(body['Labels'], 'Labels'),
    internal: body['Internal'] === true,
    attachable: body['Attachable'] === true,
  };
}

function refuse(body: NetworkCreateRequest): void {
  const driver = text(body.Driver, 'Driver');
  if (['host', 'null'].includes(driver))
    throw new KnownError('forbidden', `only one instance of "${driver}" network is allowed`);
  if (['macvlan', 'ipvlan', 'overlay'].includes(driver)) throw unsupported(`network driver ${driver}`);
  if (driver !== '' && driver !== 'bridge' && driver !== 'default')
    throw new KnownError('not_found', `could not find plugin ${driver} in v1 plugin registry: plugin not found`);
  if (body.EnableIPv6) throw unsupported('IPv6 in a network');
  if (body.EnableIPv4 === false) throw badNetwork('IPv4 or IPv6 must be enabled');
  if (body.ConfigOnly || body.ConfigFrom?.Network) throw unsupported('--config-only and --config-from');
  if (body.Ingress) throw unsupported('an ingress network');
  if (body.Scope && body.Scope !== 'local') throw unsupported(`scope ${body.Scope}`);
}

function parseConfig(value: unknown): IPAMConfig {
  const config = object(value, 'IPAM.Config');
  return {
    Subnet: text(config['Subnet'], 'Subnet'),
    IPRange: text(config['IPRange'], 'IPRange'),
    Gateway: text(config['Gateway'], 'Gateway'),
    ...(config['AuxiliaryAddresses'] ? { AuxiliaryAddresses: texts(config['AuxiliaryAddresses'], 'AuxAddress') } : {}),
  };
}

function text(value: unknown, field: string): string {
  if (value === undefined || value === null) return '';
  if (typeof value !== 'string') throw new KnownError('invalid_parameter', `invalid JSON: ${field} must be a string`);
  return value;
}

function object(value: unknown, field: string): Readonly<Record<string, unknown>> {
  if (value === undefined || value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value))
    throw new KnownError('invalid_parameter', `invalid JSON: ${field} must be an object`);
  return value as Readonly<Record<string, unknown>>;
}

function list(value: unknown, field: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new KnownError('invalid_parameter', `invalid JSON: ${field} must be an array`);
  return value;
}

function texts(value: unknown, field: string): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(object(value, field)).map(([key, entry]) => [key, text(entry, field)]));
}
