import { expect, test } from 'bun:test';
import type { Obstacles, PortForward } from '../../linux/firewall/firewall.ts';
import type { NetworkRecord, SandboxRecord } from '../../store/record/network-records.ts';
import { explainPorts } from './explain-ports.ts';

const forward: PortForward = {
  protocol: 'tcp',
  hostIp: '0.0.0.0',
  hostPort: 8080,
  containerIp: '10.0.0.2',
  containerPort: 80,
};
const network = { name: 'net', link: 'br-n', icc: true } as NetworkRecord;
const DROP = { family: 'ip', table: 'filter', name: 'X', policy: 'drop', handle: '1' } as const;
const NONE: Obstacles = { input: [], forward: [] };
const WALLS: Obstacles = { input: [{ ...DROP, hook: 'input' }], forward: [{ ...DROP, hook: 'forward' }] };
const recordOf = (one: PortForward): SandboxRecord =>
  ({
    forwards: [one],
    endpoints: [{ networkId: 'n', wired: { ip: '10.0.0.2', ip6: 'fd00::2' } }],
  }) as unknown as SandboxRecord;
const explain = (change: Partial<PortForward>, around: { obstacles?: Obstacles; icc?: boolean } = {}) => {
  const { obstacles = NONE, icc = true } = around;
  const networkOf = (): NetworkRecord => ({ ...network, icc });
  return explainPorts(recordOf({ ...forward, ...change }), { networkOf, obstacles, table: 'inet t' })[0];
};

/** Reached from: loopback, this host, other hosts, the same network, other networks. */
test.each([
  [{}, {}, 'yes yes yes yes yes'],
  [{ hostIp: '127.0.0.1' }, {}, 'yes no no no no'],
  [{ hostIp: '192.0.2.1' }, {}, 'no yes yes yes yes'],
  [{ hostIp: '::', containerIp: 'fd00::2' }, {}, 'yes yes yes yes yes'],
  [{ hostPort: 0 }, {}, 'no yes yes yes yes'],
  [{}, { icc: false }, 'yes yes yes no yes'],
  [{ hostPort: 0 }, { icc: false }, 'no yes yes no yes'],
  [{ byHost: true }, {}, 'yes yes yes yes yes'],
  [{ byHost: true }, { obstacles: WALLS }, 'yes yes rules rules rules'],
  [{}, { obstacles: WALLS }, 'yes yes rules rules rules'],
  [{ hostIp: '::', containerIp: 'fd00::2' }, { obstacles: WALLS }, 'yes yes yes yes yes'],
] as const)('a forward with %o, and %o, is reached: %s', (change, around, reached) => {
  expect(
    explain(change as Partial<PortForward>, around)
      ?.From.map(({ Reached }) => Reached)
      .join(' '),
  ).toBe(reached);
});

test('the rule is named, and so is the chain of others that stands in the way', () => {
  const why = (change: Partial<PortForward>, obstacles: Obstacles): string | undefined =>
    explain(change, { obstacles })?.From.find(({ Where }) => Where === 'outside')?.Why;
  expect(why({}, NONE)).toBe('map tcp_any4 of table inet t translates the destination');
  expect(why({}, WALLS)).toContain('chain X of table ip filter (it drops what no rule of it names) must accept it');
  expect(why({ byHost: true }, WALLS)).toBe(
    'chain X of table ip filter (it drops what no rule of it names) must accept tcp port 8080',
  );
  expect(why({ hostPort: 0 }, NONE)).toContain('set open4 of table inet t');
});
