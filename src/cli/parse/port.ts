import type { PortMap } from '../../api/types/container.ts';
import { cut, invalid } from '../../lib/invalid.ts';
import { canonicalIp } from './host.ts';

/** What `-p` and `--expose` come to. */
export interface Ports {
  readonly exposed: Record<string, Record<string, never>>;
  readonly bindings: PortMap;
}

/** Errors: invalid_parameter with the texts of docker/go-connections. */
export function parsePorts(publish: readonly string[], expose: readonly string[]): Ports {
  const exposed: Record<string, Record<string, never>> = {};
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {};
  for (const text of publish) {
    for (const { port, hostIp, hostPort } of parsePublish(toShortForm(text))) {
      exposed[port] = {};
      bindings[port] = [...(bindings[port] ?? []), { HostIp: hostIp, HostPort: hostPort }];
    }
  }
  for (const text of expose) for (const port of parseExpose(text)) exposed[port] = {};
  return { exposed, bindings };
}

/** `published=8080,target=80,protocol=udp` as `8080:80/udp`. */
function toShortForm(text: string): string {
  if (!text.includes('=')) return text;
  const params: Record<string, string> = { protocol: 'tcp', published: '', target: '' };
  for (const param of text.split(',')) {
    const [key, value] = cut(param, '=');
    if (value === undefined || key === '') {
      throw invalid(`invalid publish opts format (should be name=value but got '${param}')`);
    }
    params[key] = value;
  }
  return `${params['published']}:${params['target']}/${params['protocol']}`;
}

interface Mapping {
  readonly port: string;
  readonly hostIp: string;
  readonly hostPort: string;
}

/** `[[ip:][host port|range]:]port|range[/proto]`. */
function parsePublish(text: string): readonly Mapping[] {
  const parts = text.split(':');
  const target = parts.pop() ?? '';
  const host = parts.pop() ?? '';
  const hostIp = parseHostIp(parts.join(':'));
  const [containerPort, proto] = splitProto(target);
  if (containerPort === '') throw invalid(`no port specified: ${text}<empty>`);
  const [first, last] = parseRange(containerPort) ?? fail(`invalid containerPort: ${containerPort}`);
  if (!isProto(proto)) throw invalid(`invalid proto: ${proto}`);
  const [hostFirst, hostLast] = host === '' ? [0, 0] : (parseRange(host) ?? fail(`invalid hostPort: ${host}`));
  if (host !== '' && last - first !== hostLast - hostFirst && first !== last) {
    throw invalid(`invalid ranges specified for container and host Ports: ${containerPort} and ${host}`);
  }
  const dynamic = first === last && hostFirst !== hostLast;
  return Array.from({ length: last - first + 1 }, (_, index) => ({
    port: `${first + index}/${proto.toLowerCase()}`,
    hostIp,
    hostPort: host === '' ? '' : dynamic ? `${hostFirst}-${hostLast}` : String(hostFirst + index),
  }));
}

function parseHostIp(text: string): string {
  if (text === '') return '';
  const address = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text;
  if (canonicalIp(address) === undefined) throw invalid(`invalid IP address: ${address}`);
  return address;
}

/** The protocol is the daemon's to judge. */
function parseExpose(text: string): readonly string[] {
  if (text.includes(':')) throw invalid(`invalid port format for --expose: ${text}`);
  const [ports, proto] = splitProto(text);
  const range = parseRange(ports);
  if (range === undefined) {
    const bad = ports.split('-').find((port) => !isPort(port));
    const why = bad !== undefined && /^\d+$/.test(bad) ? 'value out of range' : 'invalid syntax';
    const cause =
      bad === undefined
        ? `invalid range specified for port: ${ports}`
        : `strconv.ParseUint: parsing ${JSON.stringify(bad)}: ${why}`;
    throw invalid(
      `invalid range format for --expose: ${text}, error: ${ports === '' ? 'empty string specified for ports' : cause}`,
    );
  }
  const [first, last] = range;
  return Array.from({ length: last - first + 1 }, (_, index) => `${first + index}/${proto}`);
}

function splitProto(text: string): readonly [string, string] {
  const [port, proto] = cut(text, '/');
  return [port, proto || 'tcp'];
}

function isProto(text: string): boolean {
  return ['tcp', 'udp', 'sctp'].includes(text.toLowerCase());
}

function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) <= 65535;
}

/** `80` or `80-82`, undefined for what is none. */
function parseRange(text: string): readonly [number, number] | undefined {
  const [first, last = first] = cut(text, '-');
  if (!isPort(first) || !isPort(last) || Number(last) < Number(first)) return undefined;
  return [Number(first), Number(last)];
}

function fail(message: string): never {
  throw invalid(message);
}
