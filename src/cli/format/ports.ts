import type { Port } from '../../api/types/container.ts';

/**
 * The PORTS column: `443/tcp, 0.0.0.0:8080->80/tcp`. Neighbouring ports become ranges, except those published under another
 * number, which come last (docker/cli formatter.DisplayablePorts).
 */
export function formatPorts(ports: readonly Port[]): string {
  const groups = new Map<string, { first: number; last: number }>();
  const [closed, mapped]: [string[], string[]] = [[], []];
  for (const port of [...ports].sort(comparePorts)) {
    const { PrivatePort: current = 0, PublicPort: published = 0, IP: ip = '', Type: type = '' } = port;
    if (ip !== '' && published !== current) {
      mapped.push(`${joinHost(ip, published)}->${current}/${type}`);
      continue;
    }
    const key = ip === '' ? type : `${ip}/${type}`;
    const group = groups.get(key);
    if (group !== undefined && current === group.last + 1) {
      group.last = current;
      continue;
    }
    if (group !== undefined) closed.push(formatGroup(key, group));
    groups.set(key, { first: current, last: current });
  }
  const open = Array.from(groups, ([key, group]) => formatGroup(key, group));
  return [...closed, ...open, ...mapped].join(', ');
}

function formatGroup(key: string, { first, last }: { readonly first: number; readonly last: number }): string {
  const range = first === last ? String(first) : `${first}-${last}`;
  const slash = key.indexOf('/');
  if (slash === -1) return `${range}/${key}`;
  return `${joinHost(key.slice(0, slash), range)}->${range}/${key.slice(slash + 1)}`;
}

function joinHost(ip: string, port: number | string): string {
  return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`;
}

function comparePorts(left: Port, right: Port): number {
  return (
    (left.PrivatePort ?? 0) - (right.PrivatePort ?? 0) ||
    compare(left.IP ?? '', right.IP ?? '') ||
    (left.PublicPort ?? 0) - (right.PublicPort ?? 0) ||
    compare(left.Type ?? '', right.Type ?? '')
  );
}

function compare(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
