import type { IPAMConfig } from '../../api/types/network.ts';
import { KnownError } from '../../lib/errors.ts';
import type { NetworkDriver } from '../../store/record/network-records.ts';
import { checkIpam } from './check-ipam.ts';
import {
  configGiven,
  configOnConfig,
  configOnlyFields,
  configOptionsGiven,
  ingressScope,
  notManager,
  predefinedCreate,
  swarmScope,
  unsupported,
} from './errors.ts';
import { parseFlag } from './option-values.ts';

/** A request for a network, checked as far as it stands alone. */
export interface WantedNetwork {
  readonly name: string;
  /** `null`: it will be a configuration for others. */
  readonly driver: NetworkDriver | 'null';
  readonly configs: readonly IPAMConfig[];
  readonly ipamOptions: Readonly<Record<string, string>> | null;
  /** undefined: it was not said. */
  readonly enableIPv4: boolean | undefined;
  readonly enableIPv6: boolean | undefined;
  readonly options: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly internal: boolean;
  readonly attachable: boolean;
  readonly configOnly: boolean;
  /** Name of the network whose configuration is taken; empty: none. */
  readonly configFrom: string;
}

type Body = Readonly<Record<string, unknown>>;

/** Characters; a bound of ours. */
const NAME_MAX = 255;
const PREDEFINED = ['bridge', 'host', 'none', 'default'];

/** Reads the body of POST /networks/create. Errors: invalid_parameter, forbidden, not_found (driver), not_implemented. */
export function parseNetworkCreate(body: Body): WantedNetwork {
  const name = text(body['Name'], 'Name');
  if (name.trim() === '') throw new KnownError('invalid_parameter', 'invalid name: name is empty');
  // Docker takes whatever is not blank; what would break a terminal, a log line or a path segment of ours is refused.
  if (/\p{Cc}/u.test(name) || name.length > NAME_MAX)
    throw new KnownError('invalid_parameter', `invalid network name: ${name.slice(0, 255)}`);
  if (PREDEFINED.includes(name)) throw predefinedCreate(name);
  const ipam = object(body['IPAM'], 'IPAM');
  const ipamDriver = text(ipam['Driver'], 'IPAM.Driver');
  if (ipamDriver !== '' && ipamDriver !== 'default') throw unsupported(`IPAM driver ${ipamDriver}`);
  const ipamOptions = ipam['Options'];
  if (Object.keys(texts(ipamOptions, 'IPAM.Options')).length > 0) throw unsupported('an option of the IPAM driver');
  const options = texts(body['Options'], 'Options');
  const wanted: WantedNetwork = {
    name,
    driver: parseDriver(body),
    configs: list(ipam['Config'], 'IPAM.Config')
      .map(parseConfig)
      .filter((config) => Object.values(config).some(Boolean)),
    ipamOptions: ipamOptions === null || ipamOptions === undefined ? null : {},
    enableIPv4: flag(body['EnableIPv4'], 'EnableIPv4') ?? optionFlag(options, 'com.docker.network.enable_ipv4'),
    enableIPv6: flag(body['EnableIPv6'], 'EnableIPv6') ?? optionFlag(options, 'com.docker.network.enable_ipv6'),
    options,
    labels: texts(body['Labels'], 'Labels'),
    internal: flag(body['Internal'], 'Internal') === true,
    attachable: flag(body['Attachable'], 'Attachable') === true,
    configOnly: flag(body['ConfigOnly'], 'ConfigOnly') === true,
    configFrom: text(object(body['ConfigFrom'], 'ConfigFrom')['Network'], 'ConfigFrom.Network'),
  };
  checkIpam(wanted.configs, wanted.enableIPv6 === true);
  checkConfigNetwork(wanted, body);
  checkScope(wanted, body);
  return wanted;
}

function parseDriver(body: Body): WantedNetwork['driver'] {
  if (body['ConfigOnly'] === true) return 'null';
  const driver = text(body['Driver'], 'Driver');
  switch (driver) {
    case '':
    case 'default':
    case 'bridge':
      return 'bridge';
    case 'macvlan':
    case 'ipvlan':
      return driver;
    case 'host':
    case 'null':
      throw new KnownError('forbidden', `only one instance of "${driver}" network is allowed`);
    case 'overlay':
      throw notManager();
    default:
      throw new KnownError('not_found', `could not find plugin ${driver} in v1 plugin registry: plugin not found`);
  }
}

/** As libnetwork's Network.validateConfiguration. */
function checkConfigNetwork(wanted: WantedNetwork, body: Body): void {
  const { configOnly, configFrom, configs, options, labels, enableIPv4, enableIPv6, internal, attachable } = wanted;
  if (configOnly && (internal || attachable || body['Ingress'] === true || text(body['Scope'], 'Scope') !== ''))
    throw configOnlyFields();
  if (configFrom === '') return;
  if (configOnly) throw configOnConfig();
  if (enableIPv4 === false || enableIPv6 === true || configs.length > 0 || Object.keys(labels).length > 0)
    throw configGiven();
  if (Object.keys(options).length > 0) throw configOptionsGiven();
}

function checkScope({ configOnly }: WantedNetwork, body: Body): void {
  const scope = text(body['Scope'], 'Scope');
  if (scope === 'swarm') throw swarmScope();
  if (scope !== '' && scope !== 'local') throw unsupported(`scope ${scope}`);
  if (flag(body['Ingress'], 'Ingress') === true && !configOnly) throw ingressScope();
}

function parseConfig(value: unknown): IPAMConfig {
  const config = object(value, 'IPAM.Config');
  const aux = config['AuxiliaryAddresses'];
  return {
    Subnet: text(config['Subnet'], 'Subnet'),
    IPRange: text(config['IPRange'], 'IPRange'),
    Gateway: text(config['Gateway'], 'Gateway'),
    ...(aux !== undefined && aux !== null && { AuxiliaryAddresses: texts(aux, 'AuxiliaryAddresses') }),
  };
}

function text(value: unknown, field: string): string {
  if (value === undefined || value === null) return '';
  if (typeof value !== 'string') throw new KnownError('invalid_parameter', `invalid JSON: ${field} must be a string`);
  return value;
}

function flag(value: unknown, field: string): boolean | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'boolean') throw new KnownError('invalid_parameter', `invalid JSON: ${field} must be a boolean`);
  return value;
}

function optionFlag(options: Readonly<Record<string, string>>, key: string): boolean | undefined {
  const value = options[key];
  return value === undefined ? undefined : parseFlag(key, value);
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
