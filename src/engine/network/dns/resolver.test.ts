import { expect, test } from 'bun:test';
import { KnownError } from '../../../lib/errors.ts';
import type { DnsUpstream } from '../../../linux/netns/dns-upstream.ts';
import type { NetworkRecord, SandboxRecord } from '../../../store/record/network-records.ts';
import { fakeNetwork, fakeSubnet } from '../network-record.fake.ts';
import { answers, formatName, parseQuery, TYPE, withId } from './message.ts';
import { createNameIndexes, type NameView } from './names.ts';
import { createResolver } from './resolver.ts';

const AAAA = 28;
const TXT = 16;
const OPTION = Buffer.from([0, 0, 41, 0x10, 0, 0, 0, 0, 0, 0, 0]);

/** A query with "recursion desired"; `edns` offers 4096 bytes. */
function ask(name: string, type: number = TYPE.A, { edns = false, id = 7 } = {}): Buffer {
  const header = Buffer.from([0, id, 1, 0, 0, 1, 0, 0, 0, 0, 0, edns ? 1 : 0]);
  return Buffer.concat([header, formatName(name), Buffer.from([0, type, 0, 1]), edns ? OPTION : Buffer.alloc(0)]);
}

/** What an outside server says: one A record, or nothing of the name and a SOA. */
function reply(query: Uint8Array, { ttl = 60, rcode = 0, truncated = false, soa = false } = {}): Buffer {
  const end = parseQuery(query)?.questionEnd ?? 0;
  const bytes = Buffer.from(query.subarray(0, end));
  bytes[2] = 0x81 | (truncated ? 2 : 0);
  bytes[3] = 0x80 | rcode;
  bytes.writeUInt16BE(rcode === 0 && !soa ? 1 : 0, 6);
  bytes.writeUInt16BE(soa ? 1 : 0, 8);
  bytes.writeUInt16BE(0, 10);
  const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, ttl, 0, 4, 192, 0, 2, 1]);
  const authority = Buffer.concat([
    Buffer.from([0, 0, 6, 0, 1, 0, 0, 0, 200, 0, 22, 0, 0]),
    Buffer.alloc(16),
    Buffer.from([0, 0, 0, 20]),
  ]);
  return Buffer.concat([bytes, soa ? authority : rcode === 0 ? record : Buffer.alloc(0)]);
}

function parse(answer: Uint8Array | undefined) {
  const bytes = Buffer.from(answer ?? []);
  const end = parseQuery(Buffer.concat([bytes.subarray(0, 2), Buffer.from([1]), bytes.subarray(3)]))?.questionEnd ?? 0;
  const count = bytes.readUInt16BE(6);
  return {
    id: bytes.readUInt16BE(0),
    rcode: (bytes[3] ?? 0) & 15,
    truncated: ((bytes[2] ?? 0) & 2) !== 0,
    count,
    /** Of records with a pointer for a name and four bytes. */
    ips: Array.from({ length: count }, (_, at) =>
      [...bytes.subarray(end + 16 * at + 12, end + 16 * at + 16)].join('.'),
    ),
    ttl: count > 0 ? bytes.readUInt32BE(end + 6) : undefined,
    tail: bytes.subarray(end),
  };
}

const networks: Record<string, NetworkRecord> = {
  n: fakeNetwork({ id: 'n', name: 'net', subnets: [fakeSubnet('10.1.0.0/24'), fakeSubnet('fd00:1::/64')] }),
  i: fakeNetwork({ id: 'i', name: 'inside', subnets: [fakeSubnet('10.2.0.0/24')], internal: true }),
  d: fakeNetwork({ id: 'd', name: 'bridge', subnets: [fakeSubnet('172.17.0.0/16')] }),
};
function box(
  name: string,
  places: Readonly<Record<string, string>>,
  aliases: readonly string[] = [],
  ip6: Readonly<Record<string, string>> = {},
): SandboxRecord {
  return {
    containerId: `${name}0123456789abcdef`.repeat(4),
    containerName: name,
    hostname: `host-${name}`,
    sandboxId: name,
    endpoints: Object.entries(places).map(([networkId, ip]) => ({
      network: networks[networkId]?.name ?? '',
      networkId,
      endpointId: name,
      wired: { ip, ...(ip6[networkId] && { ip6: ip6[networkId] }), mac: '', hostLink: '', link: '' },
      settings: { Aliases: [...aliases] },
    })),
    wishes: [],
    forwards: [],
    exposed: [],
    dns: ['192.0.2.53', '192.0.2.54'],
  };
}
const web1 = box('web1', { n: '10.1.0.2' }, ['web']);
const all = [
  web1,
  box('web2', { n: '10.1.0.3' }, ['Web'], { n: 'fd00:1::3' }),
  box('db', { i: '10.2.0.9' }),
  box('old', { d: '172.17.0.5' }),
];
const viewOf = (own: SandboxRecord, records: readonly SandboxRecord[] = all): NameView => ({
  own,
  names: createNameIndexes()(records),
  networkOf: (id) => {
    const record = networks[id];
    return record && { record, builtin: id === 'd' };
  },
});
const view = viewOf(web1);

/** `servers`: what each says; undefined: nothing in time. */
function make(
  servers: Readonly<Record<string, (query: Uint8Array) => Uint8Array | undefined>> = {},
  hostResolvConf = 'nameserver 192.0.2.1\nnameserver 127.0.0.53\n',
) {
  const asked: string[] = [];
  const clock = { ms: 0 };
  const turns = { random: 0 };
  const upstream: DnsUpstream = {
    async ask({ address, netnsPath }, query, via, isAnswer) {
      asked.push(`${address}${netnsPath ? ` in ${netnsPath}` : ''} ${via}`);
      const answer = servers[address]?.(query);
      if (!answer || !isAnswer(answer)) throw new KnownError('deadline', 'no answer');
      return answer;
    },
  };
  const resolver = createResolver({
    upstream,
    hostResolvConf: () => hostResolvConf,
    nowMs: () => clock.ms,
    random: () => turns.random,
    newId: () => 4321,
  });
  return { resolver, asked, clock, turns };
}

test.each([
  ['web2', ['10.1.0.3']],
  ['WEB2', ['10.1.0.3']],
  ['web2.net', ['10.1.0.3']],
  ['web20123456', undefined],
  ['web201234567', ['10.1.0.3']],
  ['host-web2', ['10.1.0.3']],
  ['web', ['10.1.0.2', '10.1.0.3']],
  ['db', undefined],
  ['old', undefined],
  ['web2.inside', undefined],
])('the name %s is %o on the network of the one who asks', async (name, ips) => {
  const { resolver, asked } = make();
  const answer = parse(await resolver.answer(view, ask(name), 'udp'));
  expect(ips ? answer.ips : asked.length > 0).toEqual(ips ?? true);
});

test('several addresses come in turns', async () => {
  const { resolver, turns } = make();
  turns.random = 0.6;
  expect(parse(await resolver.answer(view, ask('web'), 'udp')).ips).toEqual(['10.1.0.3', '10.1.0.2']);
});

test('an answer changes with the address of who is asked for, and with that alone', async () => {
  const { resolver } = make();
  const answered = async (seen: NameView, id: number): Promise<ReturnType<typeof parse>> =>
    parse(await resolver.answer(seen, ask('web2', TYPE.A, { id }), 'udp'));
  expect(await answered(view, 1)).toMatchObject({ id: 1, ips: ['10.1.0.3'] });
  expect(await answered(view, 2)).toMatchObject({ id: 2, ips: ['10.1.0.3'] });
  expect(await answered(viewOf(web1, [web1, box('web2', { n: '10.1.0.9' })]), 3)).toMatchObject({ ips: ['10.1.0.9'] });
});

test.each([
  ['web1', AAAA],
  ['web2', TXT],
  ['web2', 15],
])('the known name %s asked for type %i has no data, and exists', async (name, type) => {
  const { resolver, asked } = make();
  const { rcode, count } = parse(await resolver.answer(view, ask(name, type), 'udp'));
  expect([rcode, count, asked]).toEqual([0, 0, []]);
});

test('addresses of the networks have names; free ones have none, and nobody outside is asked', async () => {
  const { resolver, asked } = make();
  const named = parse(await resolver.answer(view, ask('3.0.1.10.in-addr.arpa', TYPE.PTR), 'udp'));
  expect(named.tail.toString('latin1')).toContain('\u0004web2\u0003net\u0000');
  expect(parse(await resolver.answer(view, ask('99.0.1.10.in-addr.arpa', TYPE.PTR), 'udp')).rcode).toBe(3);
  expect(asked).toEqual([]);
  await resolver.answer(view, ask('8.8.8.8.in-addr.arpa', TYPE.PTR), 'udp');
  expect(asked.length).toBeGreaterThan(0);
});

test('other names are asked of the servers, the next one when the first says nothing or fails', async () => {
  const { resolver, asked } = make({
    '192.0.2.53': (query) => reply(query, { rcode: 2 }),
    '192.0.2.54': (query) => reply(query),
  });
  const answer = parse(await resolver.answer(view, ask('example.com', TYPE.A, { id: 9 }), 'udp'));
  expect([answer.id, answer.ips, asked]).toEqual([9, ['192.0.2.1'], ['192.0.2.53 udp', '192.0.2.54 udp']]);
});

test('when nobody answers it is a failure of the server, after two rounds', async () => {
  const { resolver, asked } = make();
  expect([parse(await resolver.answer(view, ask('example.com'), 'tcp')).rcode, asked.length]).toEqual([2, 4]);
});

test('an answer to another question is none', async () => {
  const other = (query: Uint8Array): Uint8Array => reply(withId(ask('evil.com'), Buffer.from(query).readUInt16BE(0)));
  const { resolver } = make({ '192.0.2.53': other, '192.0.2.54': (query) => reply(withId(query, 4711)) });
  expect(parse(await resolver.answer(view, ask('example.com'), 'udp')).rcode).toBe(2);
});

test('a container on internal networks alone never reaches outside servers', async () => {
  const { resolver, asked } = make({ '192.0.2.53': (query) => reply(query) });
  const inside = viewOf(all[2] as SandboxRecord);
  expect([parse(await resolver.answer(inside, ask('example.com'), 'udp')).rcode, asked]).toEqual([2, []]);
  expect(parse(await resolver.answer(inside, ask('db'), 'udp')).ips).toEqual(['10.2.0.9']);
});

test('answers are kept for their time to live, which goes on, and for each kind of question apart', async () => {
  const { resolver, asked, clock } = make({ '192.0.2.53': (query) => reply(query, { ttl: 60 }) });
  const ttl = async (name: string, via: 'udp' | 'tcp' = 'udp'): Promise<number | undefined> =>
    parse(await resolver.answer(view, ask(name), via)).ttl;
  expect(await ttl('example.com')).toBe(60);
  clock.ms = 20_500;
  expect(await ttl('EXAMPLE.com')).toBe(40);
  expect(asked.length).toBe(1);
  await ttl('example.com', 'tcp');
  clock.ms = 60_000;
  expect([await ttl('example.com'), asked.length]).toEqual([60, 3]);
});

test('"no such name" is kept as long as the zone says, failures and truncated answers are not', async () => {
  const said = { rcode: 3, soa: true, truncated: false };
  const { resolver, asked, clock } = make({ '192.0.2.53': (query) => reply(query, said) });
  const again = async (): Promise<number> => {
    await resolver.answer(view, ask('example.com'), 'udp');
    return asked.length;
  };
  expect([await again(), await again()]).toEqual([1, 1]);
  clock.ms = 20_000;
  expect(await again()).toBe(2);
  Object.assign(said, { rcode: 0, soa: false, truncated: true });
  clock.ms = 40_000;
  expect([await again(), await again()]).toEqual([3, 4]);
});

test('an answer that is too long for UDP has what goes in and says so; EDNS makes room and TCP has all', async () => {
  const { resolver } = make();
  const many = Array.from({ length: 40 }, (_, at) => box(`m${at}`, { n: `10.1.0.${at + 10}` }, ['many']));
  const crowd = viewOf(web1, many);
  expect(parse(await resolver.answer(crowd, ask('many'), 'udp'))).toMatchObject({ truncated: true, count: 30 });
  expect(parse(await resolver.answer(crowd, ask('many', TYPE.A, { edns: true }), 'udp')).count).toBe(40);
  expect(parse(await resolver.answer(crowd, ask('many'), 'tcp')).count).toBe(40);
});

test('EDNS is answered with EDNS, a version to come with BADVERS', async () => {
  const { resolver } = make();
  const query = ask('web2', TYPE.A, { edns: true });
  expect(parse(await resolver.answer(view, query, 'udp')).tail.subarray(-11)).toEqual(
    Buffer.from([0, 0, 41, 0x04, 0xd0, 0, 0, 0, 0, 0, 0]),
  );
  query[query.length - 4] = 0x80;
  expect(parse(await resolver.answer(view, query, 'udp')).tail.subarray(-4)).toEqual(Buffer.from([0x80, 0, 0, 0]));
  query[query.length - 5] = 1;
  const { count, tail } = parse(await resolver.answer(view, query, 'udp'));
  expect([count, tail[5]]).toEqual([0, 1]);
});

test('what is no query gets no answer, whatever its bytes', async () => {
  const { resolver } = make();
  const good = ask('web2');
  const response = Buffer.from(good);
  response[2] = 0x80;
  const endless = Buffer.concat([good.subarray(0, 12), Buffer.alloc(400, 63)]);
  const looped = Buffer.concat([good.subarray(0, 12), Buffer.from([0xc0, 12, 0, 1, 0, 1])]);
  for (const bytes of [Buffer.alloc(0), Buffer.alloc(5), response, endless, looped, good.subarray(0, 15)])
    expect(await resolver.answer(view, bytes, 'udp')).toBeUndefined();
  let seed = 1;
  for (let turn = 0; turn < 2000; turn++) {
    const bytes = Buffer.from(reply(good));
    for (let at = 0; at < bytes.length; at++) {
      seed = (seed * 48_271) % 2_147_483_647;
      if (seed % 5 === 0) bytes[at] = seed % 256;
    }
    const query = parseQuery(good);
    if (query) answers(bytes, query);
    await resolver.answer(view, bytes, 'udp');
  }
});

test('an IPv6 address is found and has a name, in every spelling', async () => {
  const { resolver, asked } = make();
  const answer = parse(await resolver.answer(view, ask('WEB2.net', AAAA), 'udp'));
  expect([answer.count, answer.tail.subarray(12).toString('hex')]).toEqual([1, 'fd000001000000000000000000000003']);
  const digits = 'fd000001000000000000000000000003'.split('').reverse().join('.');
  const named = parse(await resolver.answer(view, ask(`${digits.toUpperCase()}.ip6.arpa`, TYPE.PTR), 'udp'));
  expect(named.tail.toString('latin1')).toContain('\u0004web2\u0003net\u0000');
  const free = parse(await resolver.answer(view, ask(`4${digits.slice(1)}.ip6.arpa`, TYPE.PTR), 'udp'));
  expect([free.rcode, asked]).toEqual([3, []]);
});

test('a link is a name of its own for the one who has it alone', async () => {
  const { resolver } = make();
  const [endpoint] = web1.endpoints;
  const linked = { ...web1, endpoints: endpoint ? [{ ...endpoint, settings: { Links: ['web2:Backend'] } }] : [] };
  const ips = async (own: SandboxRecord): Promise<readonly string[]> =>
    parse(await resolver.answer(viewOf(own, [linked, ...all.slice(1)]), ask('backend'), 'udp')).ips;
  expect([await ips(linked), await ips(all[1] as SandboxRecord)]).toEqual([['10.1.0.3'], []]);
});

test('servers of its own are asked from inside of the container, the ones of the host from the host', async () => {
  const { resolver, asked } = make();
  await resolver.answer(viewOf({ ...web1, netnsPath: '/ns' }), ask('example.com'), 'udp');
  await resolver.answer(viewOf({ ...web1, netnsPath: '/ns', dns: [] }), ask('example.com'), 'udp');
  expect(asked.slice(0, 2)).toEqual(['192.0.2.53 in /ns udp', '192.0.2.54 in /ns udp']);
  expect([...new Set(asked.slice(4))]).toEqual(['192.0.2.1 udp', '127.0.0.53 udp']);
});

test.each([
  ['', [], 2],
  ['options ndots:1\n', [], 0],
  ['options ndots:1\n', ['timeout:1'], 2],
  ['', ['ndots:0'], 0],
])(
  'where the host says %p and the container %p, a name without a dot gets the code %i',
  async (host, dnsOptions, rcode) => {
    const { resolver } = make({}, host);
    const chosen = viewOf({ ...web1, dnsOptions });
    expect(parse(await resolver.answer(chosen, ask('nosuch'), 'udp')).rcode).toBe(rcode);
    expect(parse(await resolver.answer(chosen, ask('no.such', AAAA), 'udp')).rcode).toBe(2);
  },
);

test('a refusal makes the next server be asked, once each, and is passed on when there is nothing better', async () => {
  const { resolver, asked } = make({
    '192.0.2.53': (query) => reply(query, { rcode: 5 }),
    '192.0.2.54': (query) => reply(query, { rcode: 2 }),
  });
  expect([parse(await resolver.answer(view, ask('example.com'), 'udp')).rcode, asked.length]).toEqual([2, 2]);
});

test('a dot inside of a label is no border between two: nothing kept for one name answers the other', async () => {
  const { resolver, asked } = make({
    '192.0.2.53': (query) => reply(query, { rcode: query[12] === 3 ? 3 : 0, soa: true }),
  });
  const odd = Buffer.from(ask('a.b'));
  odd[12] = 3;
  odd[14] = '.'.charCodeAt(0);
  expect(parse(await resolver.answer(view, odd, 'udp')).rcode).toBe(3);
  expect(parse(await resolver.answer(view, ask('a.b'), 'udp')).rcode).toBe(0);
  expect(asked.length).toBe(2);
});

test('more than 1024 queries of one container that wait for others are refused, and those of the next are not', async () => {
  const upstream: DnsUpstream = { ask: async () => await new Promise<Uint8Array>(() => undefined) };
  const resolver = createResolver({
    upstream,
    hostResolvConf: () => '',
    nowMs: () => 0,
    random: () => 0,
    newId: () => 1,
  });
  for (let count = 0; count < 1024; count++)
    expect(resolver.answer(view, ask(`n${count}.example`), 'udp')).toBeInstanceOf(Promise);
  expect(parse(await resolver.answer(view, ask('more.example'), 'udp')).rcode).toBe(5);
  expect(resolver.answer(viewOf(all[1] as SandboxRecord), ask('more.example'), 'udp')).toBeInstanceOf(Promise);
});
