import { isIP } from 'node:net';
import { KnownError } from '../../lib/errors.ts';

/** The parts of `[ip:][host:]port[-end][/proto]`, '' for those that are not there. */
export interface PortParts {
  readonly address: string;
  readonly host: string;
  readonly range: string;
  readonly protocol: string;
}

export function splitPort(text: string): PortParts {
  const parts = text.split(':');
  const [range, protocol] = splitProtocol(parts.at(-1) ?? '');
  return { address: parts.slice(0, -2).join(':'), host: parts.at(-2) ?? '', range, protocol };
}

/** `[ip:][host:]port[-end][/proto]` as `port/proto`, one for each port of a range. Errors: invalid_parameter. */
export function parseExposedPorts(text: string): readonly string[] {
  const { address, host, range, protocol } = splitPort(text);
  if (range === '') throw invalid(`invalid port: ${JSON.stringify(text)}: no port specified`);
  const kind = protocol.toLowerCase() || 'tcp';
  if (!['tcp', 'udp', 'sctp'].includes(kind))
    throw invalid(`invalid port: ${JSON.stringify(text)}: invalid proto: ${protocol}`);
  checkAddress(address);
  const ports = parseRange(range) ?? fail(`invalid containerPort: ${range}`);
  if (host !== '') checkHostPorts(host, range, ports);
  return Array.from({ length: ports.end - ports.start + 1 }, (_none, index) => `${ports.start + index}/${kind}`);
}

function splitProtocol(text: string): readonly [string, string] {
  const at = text.indexOf('/');
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

function checkAddress(address: string): void {
  const bare = address.replace(/^\[(.*)\]$/, '$1');
  if (bare !== '' && isIP(bare) === 0) throw invalid(`invalid IP address: ${bare}`);
}

function checkHostPorts(host: string, range: string, ports: Range): void {
  const hostPorts = parseRange(host) ?? fail(`invalid hostPort: ${host}`);
  const single = ports.start === ports.end;
  if (!single && hostPorts.end - hostPorts.start !== ports.end - ports.start)
    throw invalid(`invalid ranges specified for container and host Ports: ${range} and ${host}`);
}

interface Range {
  readonly start: number;
  readonly end: number;
}

function parseRange(text: string): Range | undefined {
  const [, first, last] = /^(\d+)(?:-(\d+))?$/.exec(text) ?? [];
  if (first === undefined) return undefined;
  const [start, end] = [Number(first), Number(last ?? first)];
  return start <= end && end <= 65_535 ? { start, end } : undefined;
}

function fail(text: string): never {
  throw invalid(text);
}

function invalid(text: string): KnownError {
  return new KnownError('invalid_parameter', text);
}
