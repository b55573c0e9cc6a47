import { expect, test } from 'bun:test';
import { openNfTables } from '../netlink/nf-tables.host.ts';
import { inNamespace } from '../netns/enter.host.ts';
import type { PortForward } from './firewall.ts';
import { formatTable } from './ruleset.ts';
import { elementsOf } from './ruleset-elements.ts';

const forwards: readonly PortForward[] = [
  { protocol: 'tcp', hostIp: '0.0.0.0', hostPort: 8080, containerIp: '10.1.0.2', containerPort: 80 },
  { protocol: 'udp', hostIp: '127.0.0.1', hostPort: 53, containerIp: '10.1.0.2', containerPort: 5353 },
  { protocol: 'sctp', hostIp: '0.0.0.0', hostPort: 9000, containerIp: '10.1.0.3', containerPort: 9001 },
  { protocol: 'tcp', hostIp: '::', hostPort: 8080, containerIp: 'fd00:1::2', containerPort: 80 },
  { protocol: 'tcp', hostIp: 'fd00:9::1', hostPort: 65_535, containerIp: 'fd00:1::2', containerPort: 443 },
];

test('elements by netlink are what nft makes of them, all go again, and a batch with one that is missing changes nothing', () => {
  inNamespace(undefined, () => {
    const kernel = openNfTables();
    const list = (): string => nft('list table inet t');
    nft('-f -', formatTable('t', { bridges: [], forwards }));
    const wanted = list();
    nft('-f -', formatTable('t', { bridges: [], forwards: [] }));
    const empty = list();
    const before = kernel.generation();
    kernel.change('add', 't', elementsOf(forwards));
    expect(kernel.generation()).toBe(before + 1);
    expect(list()).toBe(wanted);
    kernel.change('add', 't', elementsOf(forwards));
    const missing = { set: 'tcp_any4', key: [{ port: 1 }] };
    expect(() => kernel.change('delete', 't', [...elementsOf(forwards), missing])).toThrow('ENOENT');
    expect(list()).toBe(wanted);
    const other = elementsOf([{ ...(forwards[0] as PortForward), containerIp: '10.1.0.9' }]);
    expect(() => kernel.change('add', 't', other)).toThrow('EEXIST');
    kernel.change('delete', 't', elementsOf(forwards));
    expect(list()).toBe(empty);
  });
});

test('more elements than a message holds are one transaction', () => {
  inNamespace(undefined, () => {
    const kernel = openNfTables();
    nft('-f -', formatTable('t', { bridges: [], forwards: [] }));
    const many = Array.from({ length: 1200 }, (_, at) => ({
      set: 'tcp_any4',
      key: [{ port: 1000 + at }],
      data: [{ ip: '10.1.0.2' }, { port: 1000 + at }],
    }));
    const before = kernel.generation();
    kernel.change('add', 't', many);
    expect(kernel.generation()).toBe(before + 1);
    const listing = nft('list map inet t tcp_any4');
    expect(listing.match(/ : 10\.1\.0\.2 \. /g)).toHaveLength(1200);
    kernel.change('delete', 't', many);
    expect(nft('list map inet t tcp_any4')).not.toContain('elements');
  });
});

function nft(args: string, input = ''): string {
  const { exitCode, stdout, stderr } = Bun.spawnSync(['nft', ...args.split(' ')], { stdin: Buffer.from(input) });
  if (exitCode !== 0) throw new Error(stderr.toString());
  return stdout.toString();
}
